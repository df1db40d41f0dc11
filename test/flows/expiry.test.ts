import { expect } from 'chai';
import { io, type Socket } from 'socket.io-client';
import { isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import type { Api } from '../support/api.ts';
import { deltas, newestAttempt } from '../support/device.ts';
import { type BuiltUser, buildSession, buildUser, withShortToken } from '../support/factories.ts';
import { checkValue, openapi } from '../support/openapi.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';
import { dial } from '../support/wire.ts';

describe('a connection whose access token expires', function () {
  this.timeout(60_000);
  let web: Api;
  let user: BuiltUser;
  const sockets: Socket[] = [];
  before(async () => {
    web = await serveWeb();
    user = await buildUser();
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  after(() => web.close());

  /** Connects the default client, which takes the next of `tokens` at each dial. Returns it with all its events. */
  const client = async (tokens: string[]) => {
    const socket = io(web.url, {
      transports: ['websocket'],
      forceNew: true,
      auth: (give) => give({ token: tokens.length > 1 ? tokens.shift() : tokens[0] }),
    });
    sockets.push(socket);
    const events: [string, unknown][] = [];
    socket.onAny((name: string, data: unknown) => events.push([name, data]));
    await event(socket, 'connect');
    return { socket, events };
  };

  it('hears why in the middle of an answer, dials again and misses nothing', async () => {
    const { socket, events } = await withShortToken(user, (short) => client([short, user.access]));
    const dials = event(socket, 'connect');
    const gone = event(socket, 'disconnect');
    const worker = await playWorker(user, await send(web, user));
    await worker.say('before ');
    expect((await gone)[0]).to.equal('transport close');
    const [last, why] = events.at(-1) ?? [];
    expect(last).to.equal('token_expired');
    checkValue('token_expired', openapi.components.schemas.Problem ?? {}, why);
    expect(why).to.include({ code: 'token_expired', status: 401 });
    await worker.say('between ');
    await dials;
    const pushed = event(socket, 'response');
    await worker.say('after');
    await worker.finish();
    await worker.announce();
    await pushed;

    // The request of a client after a gap.
    const { run_id } = worker.shown[0]!.data;
    const resumed = (await socket.emitWithAck('resume', { run_id, after_seq: 0 })) as { events: RunEvent[] };
    const shown = newestAttempt(
      events
        .filter(([name]) => name.startsWith('res') || name.startsWith('run'))
        .map(([event, data]) => ({ event, data }) as RunEvent)
        .concat(resumed.events),
    );
    expect(deltas(shown)).to.equal('before between after');
    expect(shown.filter(isTerminal)).to.have.length(1);
  });

  it('is refused once as token_expired when it dials without a newer token', async () => {
    const { socket } = await withShortToken(user, (short) => client([short]));
    const [error] = (await event(socket, 'connect_error')) as [Error & { data?: { code: string } }];
    expect(error.data?.code).to.equal('token_expired');
    expect(socket.active).to.equal(false);
  });

  it('does not dial again when its session has ended', async () => {
    const other = await buildSession(user);
    const { socket } = await client([other.access]);
    const gone = event(socket, 'disconnect');
    await web.call('POST', '/auth/logout', {}, { token: other.access });
    expect((await gone)[0]).to.equal('io server disconnect');
    expect(socket.active).to.equal(false);
  });

  it('gets an error frame that says why before a plain WebSocket closes', async () => {
    const wire = await withShortToken(user, (short) => dial(web.url, user.id, short));
    expect(await wire.closed).to.deep.equal([4401, 'token_expired']);
    expect(wire.frames.at(-1)).to.include({ type: 'error', code: 'token_expired', status: 401 });
  });
});

function event(socket: Socket, name: string): Promise<unknown[]> {
  return new Promise((heard) => socket.once(name, (...args: unknown[]) => heard(args)));
}
