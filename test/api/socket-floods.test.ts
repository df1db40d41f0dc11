import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';

const MANY = 20_000;
const POLICY = 1008;

describe('a client that floods a socket', () => {
  let web: Process;
  let user: BuiltUser;
  before(async () => {
    web = await startProcfile('web');
    user = await buildUser();
  });
  beforeEach(async () => {
    user = await buildUser();
  });
  after(() => web.stop());

  const socketIo = () => `${web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const plain = () => `${web.url.replace('http', 'ws')}/api/v1/chat/ws/${user.id}?token=${user.access}`;
  const connectPacket = () => `40${JSON.stringify({ token: user.access })}`;

  /** Sends a flood; returns the number of answers, and the code with which the server closed. */
  async function flood(address: string, first: string[], send: (socket: WebSocket) => void) {
    const socket = new WebSocket(address);
    socket.on('error', () => {});
    let answers = 0;
    socket.on('message', () => (answers += 1));
    socket.on('pong', () => (answers += 1));
    const closed = new Promise<number>((over) => socket.once('close', over));
    await once(socket, 'open');
    for (const packet of first) {
      socket.send(packet);
      // Waits for the answers to the opening and to this packet.
      while (answers < 2) await once(socket, 'message');
    }
    answers = 0;
    for (let i = 0; i < MANY; i += 1) send(socket);
    const code = await Promise.race([closed, delayed()]);
    socket.terminate();
    return { answers, code };
  }
  /** Longer than the server needs to read everything. */
  const delayed = () => new Promise<number>((over) => setTimeout(over, 15_000, 0).unref());

  const cases: [string, () => string, () => string[], (socket: WebSocket) => void][] = [
    ['handshakes that are refused', socketIo, () => [], (socket) => socket.send('40{"token":"x"}')],
    ['namespaces that are not there', socketIo, () => [], (socket) => socket.send('40/nowhere,')],
    ['pongs, signed in nowhere', socketIo, () => [], (socket) => socket.send('3')],
    ['events', socketIo, () => [connectPacket()], (socket) => socket.send('421["nonsense",{}]')],
    ['frames of a plain WebSocket', plain, () => [], (socket) => socket.send('{}')],
    ['pings', plain, () => [], (socket) => socket.ping()],
  ];
  for (const [what, address, first, send] of cases)
    it(`is closed after a burst of ${what}`, async () => {
      const { answers, code } = await flood(address(), first(), send);
      expect(answers).to.be.lessThan(10_000);
      expect(code).to.be.oneOf([POLICY, 1006]);
    });

  it('is served while it sends as much as a person does', async () => {
    const socket = new WebSocket(socketIo());
    let answers = 0;
    socket.on('message', () => (answers += 1));
    await once(socket, 'open');
    socket.send(connectPacket());
    while (answers < 2) await once(socket, 'message');
    for (let i = 0; i < 500; i += 1) socket.send(`42${i}["nonsense",{}]`);
    while (answers < 502) await once(socket, 'message');
    socket.terminate();
  });

  it('causes ten log lines a second, and one line that counts the rest', async () => {
    web.logs.length = 0;
    const { answers } = await flood(socketIo(), [connectPacket()], (socket) => socket.send('42["nonsense"]'));
    expect(answers).to.equal(0);
    const lines = () => web.logs.filter(({ msg }) => msg === 'Socket event refused').length;
    const suppressed = () => web.logs.reduce((sum, { more }) => sum + Number(more ?? 0), 0);
    // Each event of the burst has a line or is counted in one.
    while (lines() + suppressed() < 3_000) await fetch(`${web.url}/livez`);
    expect(lines()).to.be.lessThan(suppressed() / 5);
  });
});

describe('an address that dials again and again', () => {
  let web: Process;
  before(async () => {
    web = await startProcfile('web', { SOCKET_DIALS_PER_MINUTE: '30' });
  });
  after(() => web.stop());

  /** Returns the status of a refused upgrade; 101 for an accepted one. */
  async function dial(path: string): Promise<number> {
    const socket = new WebSocket(`${web.url.replace('http', 'ws')}${path}`);
    const status = await new Promise<number>((told) => {
      socket.on('error', () => {});
      socket.once('unexpected-response', (_, answer) => told(answer.statusCode ?? 0));
      socket.once('open', () => told(101));
    });
    socket.terminate();
    return status;
  }

  it('is refused by both kinds of sockets, and HTTP still answers', async () => {
    let taken = 0;
    while ((await dial('/socket.io/?EIO=4&transport=websocket')) === 101) taken += 1;
    expect(taken).to.be.within(30, 1_000);
    expect(await dial('/api/v1/chat/ws/1')).to.equal(429);
    const { status } = await fetch(`${web.url}/livez`);
    expect(status).to.equal(200);
  });
});
