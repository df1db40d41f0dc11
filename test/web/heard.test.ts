import { expect } from 'chai';
import { EMPTY } from '../../web/sdk/empty.ts';
import type { Message } from '../../web/sdk/types.ts';
import { Ear } from '../../web/shared/heard.ts';
import { spoken } from '../../web/shared/spoken.ts';

const message = (id: number, fields: Partial<Message>): Message => ({ ...EMPTY, id, ...fields }) as Message;
const mine = (id: number) => message(id, { message_type: 'user', status: 'sent' });
const answer = (id: number, status: Message['status']) => message(id, { message_type: 'assistant', status });

describe('what a screen reader is told of a conversation', () => {
  const ids = (messages: Message[]) => messages.map(({ id, status }) => `${id} ${status}`);

  it('leaves out what was there before, and older messages that are loaded', () => {
    const ear = new Ear();
    expect(ear.hear([mine(3), answer(4, 'delivered')])).to.deep.equal([]);
    expect(ear.hear([mine(1), answer(2, 'delivered'), mine(3), answer(4, 'delivered')])).to.deep.equal([]);
  });

  it('is the beginning of an answer, and the answer once', () => {
    const ear = new Ear();
    ear.hear([]);
    expect(ids(ear.hear([mine(1), answer(2, 'pending')]))).to.deep.equal(['2 pending']);
    expect(ear.hear([mine(1), answer(2, 'streaming')])).to.deep.equal([]);
    expect(ids(ear.hear([mine(1), answer(2, 'delivered')]))).to.deep.equal(['2 delivered']);
    expect(ear.hear([mine(1), answer(2, 'delivered')])).to.deep.equal([]);
  });

  it('includes an answer that already grew when the conversation was opened, once it is whole', () => {
    const ear = new Ear();
    expect(ear.hear([mine(1), answer(2, 'streaming')])).to.deep.equal([]);
    expect(ids(ear.hear([mine(1), answer(2, 'failed')]))).to.deep.equal(['2 failed']);
  });

  it('is what a person writes, and nothing that the user writes', () => {
    const ear = new Ear();
    ear.hear([mine(1)]);
    const person = message(3, { message_type: 'agent', status: 'sent' });
    expect(ids(ear.hear([mine(1), mine(2), person]))).to.deep.equal(['3 sent']);
  });

  it('is read without the marks of markdown', () => {
    expect(spoken('## Head\n\n- **one** [two](https://example.org) `three` [12]\n> four')).to.equal(
      'Head\n\none two three\nfour',
    );
    expect(spoken('```js\nlet a = 1;\n```')).to.equal('let a = 1;');
  });
});
