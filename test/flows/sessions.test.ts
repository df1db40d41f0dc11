import { once } from 'node:events';
import { expect } from 'chai';
import { io, type Socket } from 'socket.io-client';
import { knex } from '../../db/knex.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { call } from '../support/api.ts';
import { type BuiltUser, buildSession, buildUser, PASSWORD } from '../support/factories.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';
import { dial, type Wire } from '../support/wire.ts';

type Tokens = { access: string; refresh: string };
/** A device with a socket of each kind to each replica. */
type Device = { sockets: Socket[]; wires: Wire[] };

describe('sessions on two replicas', () => {
  let replicas: [Process, Process];
  let admin: BuiltUser;
  const devices: Device[] = [];
  before(async () => {
    replicas = await Promise.all([startProcfile('web', { LOG_RESET_TOKENS: 'true' }), startProcfile('web')]);
  });
  beforeEach(async () => {
    admin = await buildUser({ role: 'admin' });
  });
  afterEach(() => {
    for (const { sockets, wires } of devices.splice(0)) {
      for (const socket of sockets) socket.disconnect();
      for (const { socket } of wires) socket.terminate();
    }
  });
  after(() => Promise.all(replicas.map((web) => web.stop())));

  const ask = (at: 0 | 1, method: string, path: string, body?: unknown, token?: string) =>
    call(`${replicas[at].url}/api/v1${path}`, method, body, { token });
  const me = (at: 0 | 1, { access }: Tokens) => ask(at, 'GET', '/users/me', undefined, access);

  async function open(userId: number, { access }: Tokens): Promise<Device> {
    const options = {
      auth: { token: access },
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 20,
    };
    const device: Device = { sockets: replicas.map(({ url }) => io(url, options)), wires: [] };
    devices.push(device);
    await Promise.all(device.sockets.map((socket) => once(socket as never, 'connect')));
    for (const { url } of replicas) device.wires.push(await dial(url, userId, access));
    return device;
  }
  /** Resolves to the reasons when all of a device's sockets were closed. */
  const closed = async ({ sockets, wires }: Device) => [
    ...(await Promise.all(sockets.map(async (socket) => (await once(socket as never, 'disconnect'))[0]))),
    ...(await Promise.all(wires.map(async (wire) => (await wire.closed)[0]))),
  ];
  const SIGNED_OUT = ['io server disconnect', 'io server disconnect', 4401, 4401];

  async function expectDead(user: BuiltUser, tokens: Tokens): Promise<void> {
    for (const at of [0, 1] as const) {
      expect((await me(at, tokens)).status).to.equal(401);
      const again = io(replicas[at].url, {
        auth: { token: tokens.access },
        transports: ['websocket'],
        forceNew: true,
      });
      const [refusal] = (await once(again as never, 'connect_error')) as [Error];
      again.disconnect();
      expect(refusal.message).to.equal('unauthenticated');
      const wire = await dial(replicas[at].url, user.id, tokens.access).catch(
        (err: { status: number }) => err,
      );
      expect(wire).to.include({ status: 401 });
      const { status } = await ask(at, 'POST', '/auth/refresh', { refresh_token: tokens.refresh });
      expect(status).to.equal(401);
    }
  }

  /** Returns the reset tokens in the first replica's log, once there is one. */
  async function loggedTokens(since = 0): Promise<unknown[]> {
    for (;;) {
      const tokens = replicas[0].logs.slice(since).flatMap(({ reset_token }) => reset_token ?? []);
      if (tokens.length > 0) return tokens;
      // Passes the time with a request while the log line arrives.
      await ask(0, 'GET', '/users/me', undefined, admin.access);
    }
  }

  /** Ways to end a user's session through one replica; `other` is another session of the same user. */
  const ends: Record<string, (user: BuiltUser, other: Tokens) => Promise<{ status: number }>> = {
    'a sign-out': (user) => ask(0, 'POST', '/auth/logout', {}, user.access),
    'a sign-out everywhere': (_, other) => ask(0, 'POST', '/auth/logout', { everywhere: true }, other.access),
    'its owner, elsewhere': (user, other) =>
      ask(1, 'DELETE', `/users/me/sessions/${user.sid}`, undefined, other.access),
    'a password change': (_, other) =>
      ask(
        0,
        'POST',
        '/users/me/password',
        { current_password: PASSWORD, new_password: 'battery staple' },
        other.access,
      ),
    'a password reset': async (user) => {
      await ask(0, 'POST', '/auth/password/forgot', { email: user.email });
      const [token] = await loggedTokens();
      return ask(1, 'POST', '/auth/password/reset', { token, password: 'battery staple' });
    },
    'a suspension': (user) => ask(1, 'PATCH', `/users/${user.id}`, { status: 'suspended' }, admin.access),
    'a suspension in the database': async (user) => {
      await knex('users').where({ id: user.id }).update({ status: 'suspended' });
      return { status: 200 };
    },
  };
  it('end on every replica, by any of seven ways, and stay ended when Redis is emptied', async () => {
    const stranger = await buildUser();
    const bystander = await open(stranger.id, stranger);
    const ended = await Promise.all(
      Object.entries(ends).map(async ([what, end]) => {
        const user = await buildUser();
        const other = await buildSession(user);
        const gone = closed(await open(user.id, user));
        expect((await end(user, other)).status, what).to.be.within(200, 204);
        for (const at of [0, 1] as const) expect((await me(at, user)).status, what).to.equal(401);
        expect(await gone, what).to.deep.equal(SIGNED_OUT);
        return user;
      }),
    );
    await redis.flushall();
    await Promise.all(ended.map((user) => expectDead(user, user)));
    expect(bystander.sockets.every(({ connected }) => connected)).to.equal(true);
    for (const at of [0, 1] as const) expect((await me(at, stranger)).status).to.equal(200);
  });

  it('a replayed refresh token closes the sockets of its session and no others', async () => {
    const user = await buildUser();
    const other = await buildSession(user);
    const [ending, staying] = [await open(user.id, user), await open(user.id, other)];
    const { body } = await ask(0, 'POST', '/auth/refresh', { refresh_token: user.refresh });
    const gone = closed(ending);
    await knex('refresh_tokens')
      .whereNotNull('spent_at')
      .update({ spent_at: new Date(0) });
    expect((await ask(1, 'POST', '/auth/refresh', { refresh_token: user.refresh })).status).to.equal(401);
    await gone;
    const renewed = { access: String(body.access_token), refresh: String(body.refresh_token) };
    await redis.flushall();
    await expectDead(user, renewed);
    expect(staying.sockets.every(({ connected }) => connected)).to.equal(true);
    expect((await me(0, other)).status).to.equal(200);
  });

  it('a new role applies at once, and makes sockets reconnect', async () => {
    const user = await buildUser();
    const device = await open(user.id, user);
    const gone = closed(device);
    const back = Promise.all(device.sockets.map((socket) => once(socket.io as never, 'reconnect')));
    expect((await ask(0, 'PATCH', `/users/${user.id}`, { role: 'admin' }, admin.access)).status).to.equal(
      200,
    );
    await redis.flushall();
    for (const at of [0, 1] as const)
      expect((await ask(at, 'GET', '/users', undefined, user.access)).status).to.equal(200);
    expect(await gone).to.deep.equal(['transport close', 'transport close', 1012, 1012]);
    await back;
    expect((await ask(1, 'PATCH', `/users/${user.id}`, { role: 'user' }, admin.access)).status).to.equal(200);
    for (const at of [0, 1] as const)
      expect((await ask(at, 'GET', '/users', undefined, user.access)).status).to.equal(403);
  });

  it('a reset token appears in the log of the replica that was asked, and in no other', async () => {
    const user = await buildUser();
    await ask(1, 'POST', '/auth/password/forgot', { email: user.email });
    await ask(0, 'POST', '/auth/password/forgot', { email: 'nobody@example.com' });
    const before = replicas[0].logs.length;
    await ask(0, 'POST', '/auth/password/forgot', { email: user.email });
    expect(await loggedTokens(before)).to.have.length(1);
    expect(JSON.stringify(replicas[1].logs)).not.to.include('reset_token');
    expect(JSON.stringify(replicas[0].logs)).not.to.include(user.email);
  });
});
