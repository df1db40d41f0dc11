import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Server } from 'socket.io';
import { COMMANDS, Inbox } from '../../scripts/inbox/inbox.ts';
import { listenTo } from '../../scripts/inbox/listen.ts';

type Asked = { method: string; path: string; body: unknown; token: string; key: string | undefined };
type Answer = { status?: number; body: unknown };

const person = { id: 5, name: 'Ada' };
const conversation = {
  id: 3,
  title: 'Invoice',
  status: 'waiting',
  agent: null,
  handoff_reason: 'It is wrong.',
};
const item = {
  conversation,
  user: { id: 9, name: '', language: 'en' },
  last_message: { id: 1, content: `Hello\n${'x'.repeat(100)}`, message_type: 'user', created_at: '' },
  waiting_since: null,
  unread: 2,
};

describe('the inbox in a terminal', () => {
  let http: HttpServer;
  let url: string;
  let asked: Asked[];
  let answers: ((asked: Asked) => Answer)[];
  let printed: string[];
  let signedIn: number;
  const signIn = async () => `token ${(signedIn += 1)}`;

  beforeEach(async () => {
    [asked, answers, printed, signedIn] = [[], [], [], 0];
    http = createServer(async (req, res) => {
      let text = '';
      for await (const chunk of req) text += String(chunk);
      const one: Asked = {
        method: req.method ?? '',
        path: (req.url ?? '').replace('/api/v1/inbox', ''),
        body: text === '' ? undefined : JSON.parse(text),
        token: req.headers.authorization ?? '',
        key: req.headers['idempotency-key'] as string | undefined,
      };
      asked.push(one);
      const { status = 200, body } = answers.shift()?.(one) ?? { status: 500, body: {} };
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    http.closeAllConnections();
    http.close();
  });

  const inbox = () => new Inbox(url, signIn, (line) => printed.push(line));
  const says = (...bodies: unknown[]) => answers.push(...bodies.map((body) => () => ({ body })));

  it('lists who waits, with the last message on one line', async () => {
    says({
      data: [item, { ...item, conversation: { ...conversation, agent: person, status: 'agent' } }],
      next_cursor: 'c',
    });
    expect(await inbox().run(['list'])).to.equal(true);
    expect(printed[0]).to.equal('3  guest 9: waiting, 2 unread');
    expect(printed[1]).to.match(/^ {5}Hello x+…$/);
    expect(printed[2]).to.equal('3  guest 9: with Ada, 2 unread');
    expect(printed.at(-1)).to.equal('     …');
    expect(asked).to.deep.include({
      method: 'GET',
      path: '',
      body: undefined,
      token: 'Bearer token 1',
      key: undefined,
    });
  });

  it('says that nobody waits', async () => {
    says({ data: [], next_cursor: null });
    await inbox().run(['list']);
    expect(printed).to.deep.equal(['nobody waits']);
  });

  it('shows a conversation with its notes and its summary', async () => {
    const message = (message_type: string, content: string, agent: object | null = null) => ({
      message_type,
      content,
      agent,
    });
    says({
      ...item,
      messages: [message('user', 'Hi'), message('assistant', 'Hello'), message('agent', 'I am here', person)],
      notes: [{ content: 'Careful', agent: person }],
      summary: 'A wrong invoice.',
    });
    await inbox().run(['show', '3']);
    expect(printed).to.deep.equal([
      'conversation 3, waiting: Invoice',
      'reason: It is wrong.',
      'summary: A wrong invoice.',
      '  user: Hi',
      '  bot: Hello',
      '  Ada: I am here',
      '  note of Ada: Careful',
    ]);
  });

  it('shows what a stranger wrote without what moves the cursor or fills the clipboard', async () => {
    const [user, content] = [
      { id: 9, name: '\u001b]0;root\u0007Eve', language: 'en' },
      'Hi\u001b]52;c;cm0gLXJm\u0007\r\u009b2K\u202e',
    ];
    says({
      ...item,
      user,
      messages: [{ message_type: 'user', content, agent: null }],
      notes: [],
      summary: null,
    });
    await inbox().run(['show', '3']);
    // oxlint-disable-next-line no-control-regex
    expect(printed.join('\n')).to.not.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(printed.join('\n')).to.contain('Eve: Hi');
  });

  it('takes, replies, notes, drafts, returns and resolves; the id may be left out', async () => {
    const desk = inbox();
    says(
      { ...conversation, status: 'agent', agent: person },
      { id: 1 },
      { id: 1 },
      { content: 'Say this', sources: [{ faq_id: 4, question: 'Where?' }] },
      { ...conversation, status: 'bot' },
      { ...conversation, status: 'resolved', agent: person },
    );
    const lines = ['take 3', 'reply I am here', 'note Careful', 'draft', 'return', 'resolve 3'];
    for (const line of lines) expect(await desk.run(line.split(' ')), line).to.equal(true);
    expect(asked.map(({ method, path, body }) => [method, path, body])).to.deep.equal([
      ['POST', '/3/take', undefined],
      ['POST', '/3/reply', { content: 'I am here' }],
      ['POST', '/3/note', { content: 'Careful' }],
      ['POST', '/3/draft', undefined],
      ['POST', '/3/return', undefined],
      ['POST', '/3/resolve', {}],
    ]);
    expect(asked.map(({ key }) => key !== undefined)).to.deep.equal([
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(printed).to.deep.equal([
      'conversation 3 is agent, with Ada',
      'sent to conversation 3',
      'noted in conversation 3',
      'Say this',
      '  [4] Where?',
      'conversation 3 is bot',
      'conversation 3 is resolved, with Ada',
    ]);
    expect(signedIn).to.equal(1);
  });

  it('signs in again when its token has run out, once', async () => {
    const desk = inbox();
    says({ data: [], next_cursor: null });
    await desk.run(['list']);
    const expired = () => ({ status: 401, body: { code: 'token_expired', detail: 'Sign in again' } });
    answers.push(expired);
    says({ data: [], next_cursor: null });
    expect(await desk.run(['list'])).to.equal(true);
    answers.push(expired, expired);
    expect(await desk.run(['list'])).to.equal(false);
    expect(asked.map(({ token }) => token)).to.deep.equal([1, 1, 2, 2, 3].map((n) => `Bearer token ${n}`));
    expect(printed.at(-1)).to.equal('token_expired: Sign in again');
  });

  it('prints refusals, and what it cannot do', async () => {
    const desk = inbox();
    answers.push(() => ({ status: 409, body: { code: 'conflict', detail: 'Another agent has it' } }));
    expect(await desk.run(['take', '3'])).to.equal(false);
    for (const line of ['shout', '__proto__', 'reply 3', 'note 3  '])
      expect(await desk.run(line.split(' '))).to.equal(false);
    expect(await inbox().run(['take'])).to.equal(false);
    expect(asked).to.have.length(1);
    const known = Object.keys(COMMANDS).join(', ');
    expect(printed).to.deep.equal([
      'conflict: Another agent has it',
      `"shout" must be one of: ${known}`,
      `"__proto__" must be one of: ${known}`,
      'reply needs a text',
      'note needs a text',
      'take needs the id of a conversation',
    ]);
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
    expect(await desk.run(['list'])).to.equal(false);
    expect(printed.at(-1)).to.equal(`cannot reach Parley at ${url}`);
  });

  it('prints what users write and who waits, also after its token ran out', async () => {
    const tokens: unknown[] = [];
    const io = new Server(http, { transports: ['websocket'] });
    io.use((socket, next) => {
      tokens.push(socket.handshake.auth.token);
      next(tokens.length === 2 ? new Error('token_expired') : undefined);
    });
    const heard = new Promise<void>((resolve) => {
      io.on('connection', (socket) => {
        if (tokens.length === 1) {
          const message = { message_type: 'user', content: 'Hello' };
          socket.emit('message', { conversation_id: 3, message });
          socket.emit('message', { conversation_id: 3, message: { ...message, message_type: 'agent' } });
          return void setImmediate(() => socket.disconnect(true));
        }
        socket.emit('inbox.updated', { conversation_id: 4, status: 'agent' });
        socket.emit('inbox.updated', { conversation_id: 5, status: 'waiting' }, () => {});
        resolve();
      });
    });
    const lines = Promise.withResolvers<void>();
    const stop = await listenTo(url, signIn, (line) => {
      printed.push(line);
      if (printed.length === 2) lines.resolve();
    });
    await Promise.all([heard, lines.promise]);
    stop();
    await io.close();
    expect(printed).to.deep.equal(['[3] user: Hello', '[5] waits for a person']);
    expect(tokens).to.deep.equal(['token 1', 'token 1', 'token 2']);
  });
});
