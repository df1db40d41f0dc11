import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import { buildUser, PASSWORD, type BuiltUser } from '../support/factories.ts';
import { oneAtATime } from '../support/lock.ts';
import { until } from '../support/until.ts';
import { playWorker, send, type Sent, servedWeb } from '../support/web.ts';
import { knex } from '../../db/knex.ts';
import { finishRun } from '../../db/models/run.ts';
import { env } from '../../shared/base/env.ts';
import { dropLogs } from '../../shared/delivery/runlog.ts';
import { memoryStore } from '../../web/sdk/browser.ts';
import { Parley } from '../../web/sdk/parley.ts';
import { Session } from '../../web/sdk/session.ts';
import type { Lock, Store, User } from '../../web/sdk/types.ts';
import type { RunView } from '../../web/sdk/view.ts';

const lock: Lock = (_, work) => work();
/** Nobody listens on port 9 of this machine. */
const NOBODY = 'http://127.0.0.1:9';

describe('the client', function () {
  this.timeout(30_000);
  const api = servedWeb();
  let user: BuiltUser;
  let store: Store;
  const open: Parley[] = [];
  beforeEach(async () => {
    user = await buildUser();
    store = memoryStore();
  });
  afterEach(() => {
    for (const client of open.splice(0)) client.close();
  });

  const sessionAt = (base = api.url) => new Session({ base, store, lock, keep: 'store' });
  async function signedIn(base = api.url): Promise<Session> {
    const session = sessionAt(api.url);
    await session.login(user.email, PASSWORD);
    return base === api.url ? session : atOther(session, base);
  }
  /** The same sign-in, at another address. */
  async function atOther(_: Session, base: string): Promise<Session> {
    const session = sessionAt(base);
    await session.restore();
    return session;
  }
  /** Two tabs of one browser. */
  function tabsAt(base: string): [Session, Session] {
    const shared = oneAtATime();
    const tab = () => new Session({ base, store, lock: shared, keep: 'store' });
    return [tab(), tab()];
  }
  function clientOf(session: Session, base = api.url): Parley {
    const client = new Parley({ base, session, store, lock });
    open.push(client);
    return client;
  }
  const sent = (client: Parley) =>
    new Promise<Sent>((done) => client.on('sent', ({ taken }) => done(taken as Sent)));
  const ended = (client: Parley) =>
    new Promise<RunView>((done) => client.on('run', ({ view }) => view.ended && done(view)));

  it('signs in, takes the sign-in up again, and signs out', async () => {
    const session = await signedIn();
    expect([session.state, session.user?.id]).to.deep.equal(['in', user.id]);
    const later = sessionAt();
    await later.restore();
    expect(later.user?.id).to.equal(user.id);
    await later.logout();
    expect(later.state).to.equal('out');
    const after = sessionAt();
    await after.restore();
    expect(after.state).to.equal('out');
  });

  it('signs out at the server too when its access token has run out', async () => {
    const { ACCESS_TOKEN_TTL_S } = env;
    Object.assign(env, { ACCESS_TOKEN_TTL_S: -60 });
    const session = await signedIn().finally(() => Object.assign(env, { ACCESS_TOKEN_TTL_S }));
    const refresh_token = store.getItem('parley.session');
    await session.logout();
    expect(session.state).to.equal('out');
    expect((await api.call('POST', '/auth/refresh', { refresh_token })).status).to.equal(401);
  });

  it('signs out at the server too when that refuses its access token', async () => {
    const { JWT_SECRET } = env;
    Object.assign(env, { JWT_SECRET: ['another secret, which the server knows no more'] });
    const session = await signedIn().finally(() => Object.assign(env, { JWT_SECRET }));
    const refresh_token = store.getItem('parley.session');
    await session.logout();
    expect([session.state, store.length]).to.deep.equal(['out', 0]);
    expect((await api.call('POST', '/auth/refresh', { refresh_token })).status).to.equal(401);
  });

  it('signs out at the next visit whom the server did not hear leave', async () => {
    await signedIn();
    const refresh_token = store.getItem('parley.session');
    const session = sessionAt(NOBODY);
    await session.restore();
    await session.logout();
    expect([session.state, store.getItem('parley.session')]).to.deep.equal(['out', null]);

    const still = sessionAt(NOBODY);
    await still.restore();
    expect(still.state).to.equal('out');
    const later = sessionAt();
    await later.restore();
    expect([later.state, store.length]).to.deep.equal(['out', 0]);
    expect((await api.call('POST', '/auth/refresh', { refresh_token })).status).to.equal(401);
  });

  it('signs out everywhere at the next visit whom the server did not hear leave everywhere', async () => {
    const elsewhere = await signedIn();
    await signedIn();
    await sessionAt(NOBODY).logout(true);
    await sessionAt().restore();
    const asked = await elsewhere.call('GET', '/users/me').catch((err: Error) => err);
    expect(asked).to.be.an('error');
  });

  it('signs in anew over a sign-out that the server did not hear', async () => {
    await signedIn();
    const refresh_token = store.getItem('parley.session');
    await sessionAt(NOBODY).logout();
    await signedIn();
    const later = sessionAt();
    await later.restore();
    expect(later.state).to.equal('in');
    // The server has heard of the sign-out before the new sign-in took its place.
    expect((await api.call('POST', '/auth/refresh', { refresh_token })).status).to.equal(401);
  });

  it('never asks as another user, whom another tab signed in meanwhile', async () => {
    const other = await buildUser();
    const session = await signedIn();
    await sessionAt().login(other.email, PASSWORD);
    // Its access token is refused from now on, and what refreshes it is the other's.
    await api.call('POST', '/auth/logout', {}, { token: await session.token() });
    const asked = session.call('POST', '/chat/send', { body: { content: 'Hi' } });
    const refused = await asked.catch((err: { code?: string }) => err.code);
    expect(refused).to.equal('unauthenticated');
    expect(session.user?.id).to.equal(other.id);
    expect(await knex('messages').where({ user_id: other.id })).to.deep.equal([]);
  });

  for (const [what, path, ask] of [
    [
      'changed account',
      '/users/me',
      async (session: Session) =>
        session.changed(await session.call<User>('PATCH', '/users/me', { body: { first_name: 'Ann' } })),
    ],
    ['new token', '/auth/refresh', (session: Session) => session.refresh()],
  ] as const)
    for (const next of ['nobody', 'another user'])
      it(`takes no ${what} for somebody who has left when ${next} is in their place`, async () => {
        const other = await buildUser();
        const { held, release, base, close } = await holding(api.url, path);
        const session = await signedIn(base);
        const late = held();
        const asked = ask(session).catch(() => {});
        await late;
        session.ended();
        if (next !== 'nobody') await session.login(other.email, PASSWORD);
        release();
        await asked;
        expect(session.user?.id).to.equal(next === 'nobody' ? undefined : other.id);
        close();
      });

  it('takes a message for sent whose answer comes when somebody else has signed in', async () => {
    const other = await buildUser();
    const { held, release, base, close } = await holding(api.url, '/chat/send');
    const session = await signedIn(base);
    const client = clientOf(session, base);
    const late = held();
    client.outbox.add({ conversation: 'new-1', content: 'Hi' });
    const sending = client.outbox.flush();
    await late;
    client.close();
    session.ended();
    await session.login(other.email, PASSWORD);
    release();
    await sending;
    const keys = Array.from({ length: store.length }, (_, i) => store.key(i));
    expect(keys.filter((key) => key?.startsWith('parley.unsent.'))).to.deep.equal([]);
    expect(await knex('messages').where({ user_id: user.id, message_type: 'user' })).to.have.length(1);
    close();
  });

  for (const [what, path, begin] of [
    ['refresh', '/auth/refresh', (session: Session) => session.refresh()],
    ['sign-out', '/auth/logout', (session: Session) => session.logout()],
  ] as const)
    it(`signs in after the answer to a ${what} of another tab`, async () => {
      const other = await buildUser();
      const asked: (string | undefined)[] = [];
      const { held, release, base, close } = await holding(api.url, path, (url) => asked.push(url));
      const [tab, next] = tabsAt(base);
      await tab.login(user.email, PASSWORD);
      const late = held();
      const begun = begin(tab);
      await late;
      const entered = next.login(other.email, PASSWORD);
      // A sign-in that does not wait arrives before this.
      await fetch(`${base}/livez`);
      expect(asked.slice(-2)).to.deep.equal([`/api/v1${path}`, '/livez']);
      release();
      await Promise.all([begun, entered]);
      expect(asked.at(-1)).to.equal('/api/v1/auth/login');
      const later = sessionAt();
      await later.restore();
      expect([next.user?.id, later.user?.id]).to.deep.equal([other.id, other.id]);
      close();
    });

  it('signs out at the server whose place another tab gave to somebody else meanwhile', async () => {
    const other = await buildUser();
    const { held, release, base, close } = await holding(api.url, '/auth/login');
    const [tab, next] = tabsAt(base);
    await tab.login(user.email, PASSWORD);
    const refresh_token = store.getItem('parley.session');
    const late = held();
    const entered = next.login(other.email, PASSWORD);
    await late;
    const left = tab.logout();
    release();
    await Promise.all([entered, left]);
    expect([tab.state, next.state]).to.deep.equal(['out', 'in']);
    expect((await api.call('POST', '/auth/refresh', { refresh_token })).status).to.equal(401);
    const later = sessionAt();
    await later.restore();
    expect(later.user?.id).to.equal(other.id);
    close();
  });

  it('answers nobody else than who asked', async () => {
    const other = await buildUser();
    const { held, release, base, close } = await holding(api.url, '/users/me');
    const session = await signedIn(base);
    const late = held();
    const asked = session.call('GET', '/users/me').catch((err: { code?: string }) => err.code);
    await late;
    await session.login(other.email, PASSWORD);
    release();
    expect(await asked).to.equal('unauthenticated');
    close();
  });

  it('leaves whom another tab signed in while it signed out', async () => {
    const other = await buildUser();
    const { held, release, base, close } = await holding(api.url, '/auth/logout');
    const session = await signedIn(base);
    const late = held();
    const out = session.logout();
    await late;
    await sessionAt().login(other.email, PASSWORD);
    release();
    await out;
    expect([session.state, session.user]).to.deep.equal(['out', null]);
    const later = sessionAt();
    await later.restore();
    expect(later.user?.id).to.equal(other.id);
    close();
  });

  it('of a frame goes on as nobody when another tab signs somebody else in, who stays signed in', async () => {
    const other = await buildUser();
    const frame = () => new Session({ base: api.url, store, lock, keep: 'frame' });
    const [session, tab] = [frame(), frame()];
    await session.login(user.email, PASSWORD);
    await tab.login(other.email, PASSWORD);
    const refused = await session.refresh().catch((err: { code?: string }) => err.code);
    expect([refused, session.state, session.user]).to.deep.equal(['unauthenticated', 'out', null]);
    await tab.refresh();
    expect([tab.state, tab.user?.id]).to.deep.equal(['in', other.id]);
  });

  it('stays signed out when a refresh was on its way', async () => {
    const session = await signedIn();
    const refreshed = session.refresh();
    session.ended();
    await refreshed.catch(() => {});
    expect([session.state, store.getItem('parley.session')]).to.deep.equal(['out', null]);
  });

  it('refreshes once for any number of calls at once', async () => {
    const session = await signedIn();
    await Promise.all([session.refresh(), session.refresh(), session.refresh()]);
    const me = await session.call<{ id: number }>('GET', '/users/me');
    expect(me.id).to.equal(user.id);
  });

  it('makes a guest, and of the guest an account', async () => {
    const session = sessionAt();
    await session.guest({ gdpr_consent: true, data_processing_consent: true });
    const id = session.user?.id;
    expect(session.user?.role).to.equal('guest');
    const name = `g${id}_${process.pid}`;
    await session.register({
      email: `${name}@example.com`,
      username: name,
      password: 'correct horse battery',
      gdpr_consent: true,
    });
    expect([session.user?.id, session.user?.role]).to.deep.equal([id, 'user']);
  });

  it('sends a message and follows its answer over the socket', async () => {
    const client = clientOf(await signedIn());
    const [taken, end] = [sent(client), ended(client)];
    client.outbox.add({ conversation: 'new-1', content: 'Hi' });
    const worker = await playWorker(user, await taken);
    await worker.say('Hel');
    await worker.say('lo');
    await worker.finish();
    await worker.announce();
    expect((await end).text).to.equal('Hello');
    expect(client.live).to.equal('live');
  });

  it('keeps no events of an answer that is over', async () => {
    const client = clientOf(await signedIn());
    const [taken, end] = [sent(client), ended(client)];
    client.outbox.add({ conversation: 'new-1', content: 'Hi' });
    const { run_id, ...rest } = await taken;
    const worker = await playWorker(user, { run_id, ...rest });
    for (let i = 0; i < 20; i += 1) await worker.say('word ');
    await worker.finish();
    await worker.announce();
    await end;
    const view = client.runs.views.get(run_id);
    expect(view?.events).to.deep.equal([]);
    expect(view?.joined).to.equal(undefined);
    expect(view?.text).to.equal('word '.repeat(20));
  });

  it('reads the answer as a stream where no WebSocket gets through', async () => {
    const { proxy, base } = await httpOnly(api.url);
    const client = clientOf(await signedIn(base), base);
    const [taken, end] = [sent(client), ended(client)];
    const streams = new Promise<void>((done) => client.on('live', (state) => state === 'streams' && done()));
    client.outbox.add({ conversation: 'new-1', content: 'Hi' });
    const worker = await playWorker(user, await taken);
    await worker.say('Hello');
    await streams;
    await worker.finish();
    await worker.announce();
    expect((await end).text).to.equal('Hello');
    client.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('shows a stream’s answer from its row where the log was lost meanwhile', async () => {
    const { proxy, base } = await httpOnly(api.url);
    const client = clientOf(await signedIn(base), base);
    const [taken, end] = [sent(client), ended(client)];
    const begun = new Promise<void>((done) => client.on('run', ({ view }) => view.text === 'Hel' && done()));
    client.outbox.add({ conversation: 'new-1', content: 'Hi' });
    const { run_id, ...rest } = await taken;
    const worker = await playWorker(user, { run_id, ...rest });
    await worker.say('Hel');
    await begun;
    await dropLogs([run_id]);
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
    const ending = {
      status: 'completed',
      content: 'Hello',
      finish_reason: 'stop',
      model: 'test',
      usage,
    } as const;
    // The client has seen nothing of 3 to 8, and never will.
    await finishRun(run_id, 1, 8, ending);
    await worker.announce();
    expect((await end).text).to.equal('Hello');
    client.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('stops asking for a stream whose conversation was deleted', async () => {
    const asked: (string | undefined)[] = [];
    const { proxy, base } = await httpOnly(api.url, (url) => asked.push(url));
    const client = clientOf(await signedIn(base), base);
    const streams = new Promise<void>((done) => client.on('live', (state) => state === 'streams' && done()));
    const { conversation_id, run_id } = await send(api, user);
    await api.call('DELETE', `/conversations/${conversation_id}`, undefined, { token: user.access });
    await streams;
    const streamed = () => asked.filter((url) => url?.includes(`/runs/${run_id}/events`)).length;
    client.watch(run_id);
    await until('it has asked', async () => streamed() === 1);
    // A later run is asked for twice, a second apart.
    const other = await send(api, user);
    const worker = await playWorker(user, other);
    client.watch(other.run_id);
    const again = ended(client);
    const others = () => asked.filter((url) => url?.includes(`/runs/${other.run_id}/events`)).length;
    await until('it asks for the later run', async () => others() === 1);
    await worker.say('Hi');
    proxy.closeAllConnections();
    await until('it asks again', async () => others() > 1);
    await worker.finish();
    await worker.announce();
    await again;
    expect(streamed()).to.equal(1);
    client.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('is offline where a proxy answers that it reaches no server', async () => {
    const proxy = createServer((_, response) => void response.writeHead(502).end('Bad Gateway')).listen(
      0,
      '127.0.0.1',
    );
    await once(proxy, 'listening');
    const base = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
    const client = clientOf(await signedIn(base), base);
    const state = new Promise((done) =>
      client.on('live', (live) => ['streams', 'offline'].includes(live) && done(live)),
    );
    expect(await state).to.equal('offline');
    client.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('shows an answer that ended while nobody was connected', async () => {
    const first = clientOf(await signedIn());
    const taken = sent(first);
    first.outbox.add({ conversation: 'new-1', content: 'Hi' });
    const { run_id, ...rest } = await taken;
    first.close();
    const worker = await playWorker(user, { run_id, ...rest });
    await worker.say('Hello');
    await worker.finish();
    await worker.announce();

    const session = sessionAt();
    await session.restore();
    const client = clientOf(session);
    const end = ended(client);
    client.watch(run_id);
    expect((await end).text).to.equal('Hello');
  });
});

/** A way to the server that holds back requests of a path, from `held()` on until `release()`. */
async function holding(target: string, path: string, asked: (url?: string) => unknown = () => {}) {
  const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isHeld = false;
  const { proxy, base } = await httpOnly(target, (url) => {
    asked(url);
    if (!isHeld || !url?.endsWith(path)) return;
    begun.resolve();
    return go.promise;
  });
  const held = () => {
    isHeld = true;
    return begun.promise;
  };
  const close = () => {
    proxy.closeAllConnections();
    proxy.close();
  };
  return { base, held, release: go.resolve, close };
}

/** A proxy that knows no upgrades. */
async function httpOnly(
  target: string,
  asked: (url?: string) => unknown = () => {},
): Promise<{ proxy: Server; base: string }> {
  const server = createServer(async (request, response) => {
    await asked(request.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const stop = new AbortController();
    response.on('close', () => stop.abort());
    try {
      const answer = await fetch(`${target}${request.url}`, {
        method: request.method ?? 'GET',
        headers: headers as Record<string, string>,
        signal: stop.signal,
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.flushHeaders();
      for await (const chunk of answer.body ?? []) response.write(chunk);
      response.end();
    } catch {
      response.destroy();
    }
  });
  server.on('upgrade', (_, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { proxy: server, base: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}
