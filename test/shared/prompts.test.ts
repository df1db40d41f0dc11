import { expect } from 'chai';
import { configure, providerOf } from '../../shared/provider/config.ts';
import { chatBody, type Message } from '../../shared/provider/shape.ts';
import { Thinking } from '../../shared/provider/thinking.ts';

const said = (...roles: Message['role'][]): Message[] =>
  roles.map((role, i) => ({ role, content: `${role} ${i}` }));

describe('a request to a chat model', () => {
  const roles = (messages: Message[], kind: string) => {
    process.env.PROVIDER_OPENAI_KIND = kind;
    configure();
    delete process.env.PROVIDER_OPENAI_KIND;
    const provider = providerOf({ provider: 'openai', model: 'm' });
    configure();
    const body = chatBody('m', { messages, maxTokens: 9, temperature: 1 }, provider, {});
    return (body.messages as Message[]).map(
      ({ role, content }) => `${role}: ${content.replaceAll('\n\n', ' + ')}`,
    );
  };

  it('never begins with an assistant, nor has two of one role in a row, where turns are strict', () => {
    expect(roles(said('system', 'assistant', 'user', 'user', 'assistant', 'user'), 'vllm')).to.deep.equal([
      'system: system 0',
      'user: user 2 + user 3',
      'assistant: assistant 4',
      'user: user 5',
    ]);
    const empty = [...said('system', 'user'), { role: 'assistant' as const, content: '' }, ...said('user')];
    expect(roles(empty, 'mistral')).to.deep.equal(['system: system 0', 'user: user 1 + user 0']);
  });

  it('is as it was for OpenAI', () => {
    const messages = said('system', 'assistant', 'user', 'user');
    expect(roles(messages, 'openai')).to.have.length(4);
  });
});

describe('thinking in an answer', () => {
  const shown = (...pieces: string[]) => {
    const thinking = new Thinking();
    return pieces.map((piece) => thinking.next(piece)).join('') + thinking.end();
  };

  it('is taken out however it is cut', () => {
    const text = '\n<think>so </th ink> so</think>\n\nAn answer with <think> in it.';
    for (let size = 1; size < text.length; size += 1) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(shown(...pieces), String(size)).to.equal('An answer with <think> in it.');
    }
  });

  it('is nothing else', () => {
    expect(shown('<', 'thin', ' ice>')).to.equal('<thin ice>');
    expect(shown('<thi')).to.equal('<thi');
    expect(shown('  Hello')).to.equal('  Hello');
    expect(shown('<think>without end')).to.equal('');
  });
});
