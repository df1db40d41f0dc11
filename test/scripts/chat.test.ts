import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Server, type Socket } from 'socket.io';
import { follow, type Question } from '../../scripts/chat/follow.ts';
import { Screen } from '../../scripts/chat/screen.ts';
import { type End, RunView } from '../../web/sdk/view.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { startPrefixProxy } from '../support/prefix.ts';

const event = (attempt: number, seq: number, more: object = {}) => ({
  run_id: 7,
  conversation_id: 3,
  attempt,
  seq,
  message_id: 9,
  ...more,
});

const pushed = (name: string, attempt: number, seq: number, more = {}) =>
  ({ event: name, data: event(attempt, seq, more) }) as RunEvent;
/** How a run ended, and with which text. */
const of = (end: End | null | undefined) => ({ name: end?.event.event, text: end?.text });

describe('the terminal client', () => {
  it('shows an answer without what moves the cursor or fills the clipboard, as it grows', () => {
    let out = '';
    const screen = new Screen((part) => {
      out += part;
    });
    for (const text of ['Hi\u001b', 'Hi\u001b]52;c;cm0=\u0007', 'Hi\u001b]52;c;cm0=\u0007 all\n'])
      screen.show(text);
    expect(out).to.equal('Hi\u{fffd}]52;c;cm0=\u{fffd} all\n');
  });

  describe('view of a run', () => {
    it('orders events, ignores duplicates and older attempts, and detects gaps', () => {
      const view = new RunView();
      expect(view.take(pushed('run.status', 1, 1))).to.equal(true);
      expect(view.take(pushed('response.delta', 1, 2, { delta: 'Hel' }))).to.equal(true);
      expect(view.take(pushed('response.delta', 1, 2, { delta: 'Hel' }))).to.equal(true);
      expect(view.take(pushed('response.delta', 1, 4, { delta: '!' }))).to.equal(false);
      expect(view.text).to.equal('Hel');
      expect(view.take(pushed('response.delta', 2, 2_000_001, { delta: 'x' }))).to.equal(false);
      expect(view.take(pushed('response.restart', 2, 2_000_000))).to.equal(true);
      expect(view.take(pushed('response.delta', 1, 3, { delta: 'lo' }))).to.equal(true);
      expect(view.text).to.equal('');
    });

    it('takes the whole text from a terminal event that begins an attempt', () => {
      const view = new RunView();
      view.take(pushed('response.delta', 1, 1, { delta: 'Hel' }));
      view.take(pushed('run.cancelled', 2, 2_000_000, { content: 'Hello' }));
      expect(of(view.ended)).to.deep.equal({ name: 'run.cancelled', text: 'Hello' });
    });
  });

  describe('following a run', () => {
    let http: HttpServer;
    let io: Server;
    let url: string;

    beforeEach(async () => {
      http = createServer();
      io = new Server(http, { transports: ['websocket'] });
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
      url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    });
    afterEach(() => io.close());

    type Ack = (answer: object) => void;
    const sent = { ok: true, run_id: 7, conversation_id: 3 };
    const question: Question = { content: 'hi', idempotency_key: 'k' };

    async function ask(serve: (socket: Socket, connection: number) => void) {
      let connections = 0;
      const delivered: unknown[] = [];
      io.on('connection', (socket) => {
        serve(socket, ++connections);
        socket.on('delivered', (payload: unknown, ack: Ack) => {
          delivered.push(payload);
          ack({ ok: true });
        });
      });
      const seen: string[] = [];
      const signIn = async () => 'token';
      const end = await follow(url, question, signIn, {
        onText: (text) => seen.push(text),
        interrupt: new AbortController().signal,
      });
      return { end, seen, connections, delivered };
    }

    it('reaches a server below a path', async () => {
      const proxy = await startPrefixProxy('/parley');
      proxy.to(url);
      url = proxy.url;
      const { end } = await ask((socket) => {
        socket.on('message', (_: Question, ack: Ack) => {
          ack(sent);
          socket.emit('response', event(1, 1, { content: 'Hello' }));
        });
        socket.on('resume', (_: object, ack: Ack) =>
          ack({
            ok: true,
            events: [{ event: 'response', data: event(1, 1, { content: 'Hello' }) }],
            done: true,
          }),
        );
      });
      expect(of(end)).to.deep.equal({ name: 'response', text: 'Hello' });
      await proxy.close();
    });

    it('ends where the message stands before a person', async () => {
      const { end, delivered } = await ask((socket) => {
        socket.on('message', (_: Question, ack: Ack) =>
          ack({ ...sent, run_id: null, reply_id: null, status: 'with_agent' }),
        );
      });
      expect(end).to.equal(null);
      expect(delivered).to.deep.equal([]);
    });

    it('fetches the events of a gap', async () => {
      const { end, seen, delivered } = await ask((socket) => {
        socket.on('message', (payload: Question, ack: Ack) => {
          expect(payload).to.include({ type: 'message', content: 'hi', idempotency_key: 'k' });
          socket.emit('run.status', event(1, 1));
          ack(sent);
          socket.emit('response', event(1, 3, { content: 'Hello' }));
        });
        socket.on('resume', (asked: object, ack: Ack) => {
          expect(asked).to.deep.equal({ run_id: 7, after_seq: 1 });
          const events = [
            { event: 'response.delta', data: event(1, 2, { delta: 'Hello' }) },
            { event: 'response', data: event(1, 3, { content: 'Hello' }) },
          ];
          ack({ ok: true, events, done: true });
        });
      });
      expect(of(end)).to.deep.equal({ name: 'response', text: 'Hello' });
      expect(seen.at(-1)).to.equal('Hello');
      expect(delivered).to.deep.equal([{ message_id: 9 }]);
    });

    it('resumes after a lost connection and repeats an unacknowledged message', async () => {
      const { end, connections } = await ask((socket, connection) => {
        socket.on('message', (_: Question, ack: Ack) => {
          if (connection === 1) return socket.disconnect(true);
          ack({ ...sent, replayed: true });
        });
        let resumed = 0;
        socket.on('resume', (_: object, ack: Ack) => {
          if (connection === 2 && resumed++ === 0) {
            ack({ ok: true, events: [{ event: 'run.status', data: event(1, 1) }], done: false });
            return socket.disconnect(true);
          }
          const data = event(1, 9, { content: 'late' });
          return ack({ ok: true, events: [{ event: 'response', data }], done: true, reset: true });
        });
      });
      expect(of(end)).to.deep.equal({ name: 'response', text: 'late' });
      expect(connections).to.equal(3);
    });

    it('says why a message was refused', async () => {
      const refused = ask((socket) => {
        socket.on('message', (_: Question, ack: Ack) => {
          ack({ ok: false, error: { code: 'consent_required', detail: 'no consent' } });
        });
      });
      const error: Error = await refused.then(
        () => expect.fail('should have been refused'),
        (reason: Error) => reason,
      );
      expect(error.message).to.equal('consent_required: no consent');
    });
  });
});
