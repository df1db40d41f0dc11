import { expect } from 'chai';
import { oneAtATime } from '../support/lock.ts';
import { memoryStore } from '../../web/sdk/browser.ts';
import { Refused, Unreachable } from '../../web/sdk/http.ts';
import { Outbox, type Unsent } from '../../web/sdk/outbox.ts';
import type { Lock, Store, Taken } from '../../web/sdk/types.ts';

type Sending = (message: Unsent) => Promise<Taken>;

describe('the outbox', () => {
  let store: Store;
  beforeEach(() => {
    store = memoryStore();
  });

  const taken = (conversation_id: number): Taken => ({
    conversation_id,
    message_id: 1,
    reply_id: 2,
    run_id: 3,
    status: 'queued',
  });
  const stored =
    (conversation_id = 5): Sending =>
    async () =>
      taken(conversation_id);
  const box = (send: Sending, more: { sent?: (message: Unsent) => void; lock?: Lock } = {}) =>
    new Outbox('7', { store, lock: (_, work) => work(), send, sent: () => {}, pause: () => 1, ...more });
  const never: Sending = () => new Promise(() => {});

  it('sends a message until it is stored, always with the same key', async () => {
    const keys: string[] = [];
    const outbox = box(async ({ key }) => {
      keys.push(key);
      if (keys.length < 4) throw new Unreachable('cut');
      return taken(5);
    });
    const { key } = outbox.add({ conversation: 5, content: 'Hi' });
    await outbox.flush();
    expect(keys).to.deep.equal([key, key, key, key]);
    expect(outbox.list()).to.deep.equal([]);
  });

  it('keeps what was not confirmed across a reload, in the order of writing', async () => {
    const closed = box(never);
    closed.add({ conversation: 5, content: 'one' });
    closed.add({ conversation: 5, content: 'two' });
    closed.close();

    const sent: string[] = [];
    const outbox = box(stored(), { sent: ({ content }) => sent.push(content) });
    expect(outbox.list().map(({ content }) => content)).to.deep.equal(['one', 'two']);
    await outbox.flush();
    expect(sent).to.deep.equal(['one', 'two']);
  });

  it('sends the second message of a new conversation into the first one’s', async () => {
    const where: unknown[] = [];
    const outbox = box(async ({ conversation }) => {
      where.push(conversation);
      return taken(9);
    });
    outbox.add({ conversation: 'new-1', content: 'one', assistant_id: 2 });
    outbox.add({ conversation: 'new-1', content: 'two' });
    await outbox.flush();
    expect(where).to.deep.equal(['new-1', 9]);
    expect(outbox.began('new-1')).to.equal(9);
  });

  it('keeps a refused message for its writer and sends those behind it', async () => {
    const sent: string[] = [];
    const outbox = box(
      async ({ content, conversation }) => {
        if (content === 'bad') throw new Refused({ code: 'validation_failed', status: 400 });
        return taken(Number(conversation));
      },
      { sent: ({ content }) => sent.push(content) },
    );
    outbox.add({ conversation: 5, content: 'bad' });
    outbox.add({ conversation: 5, content: 'good' });
    await outbox.flush();
    expect(sent).to.deep.equal(['good']);
    expect(outbox.list().map(({ content, refused }) => [content, refused?.code])).to.deep.equal([
      ['bad', 'validation_failed'],
    ]);
    outbox.drop(outbox.list()[0]?.key ?? '');
    expect(outbox.list()).to.deep.equal([]);
  });

  it('waits as long as the server asks', async () => {
    const pauses: number[] = [];
    let tries = 0;
    const outbox = new Outbox('7', {
      store,
      lock: (_, work) => work(),
      send: async () => {
        tries += 1;
        if (tries < 3) throw new Refused({ code: 'rate_limited', status: 429, retry_after_s: 0.001 });
        return taken(5);
      },
      sent: () => {},
      pause: (n) => {
        pauses.push(n);
        return 0;
      },
    });
    outbox.add({ conversation: 5, content: 'Hi' });
    await outbox.flush();
    expect(pauses).to.deep.equal([1, 2]);
  });

  it('tells its writer why a long pause is until the message is sent, and nothing of a short one', async () => {
    const [told, kept] = [[] as (string | undefined)[], [] as (string | null)[]];
    const outbox = box(async ({ key }) => {
      told.push(outbox.list()[0]?.delayed?.problem.code);
      kept.push(store.getItem(`parley.unsent.7.${key}`));
      const retry_after_s = told.length < 3 ? 0.001 : 3_600;
      if (told.length < 5) throw new Refused({ code: 'rate_limited', status: 429, retry_after_s });
      return taken(5);
    });
    // The listener ends a pause as soon as it is told of one.
    outbox.subscribe(() => queueMicrotask(() => outbox.list()[0]?.delayed && void outbox.flush()));
    outbox.add({ conversation: 5, content: 'Hi' });
    await outbox.flush();
    expect(told).to.deep.equal([undefined, undefined, undefined, 'rate_limited', 'rate_limited']);
    expect(kept.join()).to.not.contain('delayed');
    outbox.add({ conversation: 5, content: 'Hi again' });
    expect(outbox.list().map(({ delayed }) => delayed)).to.deep.equal([undefined]);
    await outbox.flush();
  });

  it('of two tabs sends each message once', async () => {
    const lock = oneAtATime();
    const sent: string[] = [];
    const send: Sending = async ({ content }) => {
      sent.push(content);
      return taken(5);
    };
    const [one, two] = [box(send, { lock }), box(send, { lock })];
    one.add({ conversation: 5, content: 'from one' });
    two.add({ conversation: 5, content: 'from two' });
    await Promise.all([one.flush(), two.flush()]);
    expect(sent.toSorted()).to.deep.equal(['from one', 'from two']);
  });

  for (const [what, answer] of [
    ['stored', () => taken(9)],
    ['refused', () => Promise.reject(new Refused({ code: 'validation_failed', status: 400 }))],
  ] as const)
    it(`brings nothing back that was forgotten before a message was ${what}`, async () => {
      const go = Promise.withResolvers<void>();
      const outbox = box(() => go.promise.then(answer));
      outbox.add({ conversation: 'new-1', content: 'on its way' });
      outbox.add({ conversation: 'new-1', content: 'behind it' });
      const sending = outbox.flush();
      outbox.close();
      for (const { key } of outbox.list()) store.removeItem(`parley.unsent.7.${key}`);
      go.resolve();
      await sending;
      const keys = Array.from({ length: store.length }, (_, i) => store.key(i));
      expect(keys.filter((key) => key?.startsWith('parley.unsent.'))).to.deep.equal([]);
      expect(outbox.list()).to.deep.equal([]);
    });

  it('shows nobody the messages of another account', () => {
    box(never).add({ conversation: 5, content: 'mine' });
    const other = new Outbox('8', { store, lock: (_, work) => work(), send: never, sent: () => {} });
    expect(other.list()).to.deep.equal([]);
  });
});
