import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { row } from '../../db/sql.ts';
import { queues } from '../../shared/delivery/queues.ts';
import { call } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { send, serveWeb } from '../support/web.ts';

describe('processes that stop', function () {
  // Processes of the Procfile start slowly on a busy machine.
  this.timeout(90_000);
  let provider: Provider;
  before(async () => {
    provider = await startProvider();
  });
  after(() => provider.stop());

  it('web serves requests until the load balancer that watches it has seen it drain', async () => {
    const web = await startProcfile('web');
    const { access } = await buildUser();
    const ready = () => call(`${web.url}/readyz`);
    const me = () => call(`${web.url}/api/v1/users/me`, 'GET', undefined, { token: access });
    const post = () => call(`${web.url}/api/v1/chat/send`, 'POST', { content: 'Hi' }, { token: access });
    for (let i = 0; i < 3; i += 1) expect((await ready()).status).to.equal(200);
    web.kill('SIGTERM');
    let told = await ready();
    while (told.status === 200) told = await ready();
    expect([told.status, told.body.detail]).to.deep.equal([503, 'draining']);
    // Longer than it waits when nobody watches it.
    for (const began = Date.now(); Date.now() - began < 1_500; ) expect((await me()).status).to.equal(200);
    const { headers } = await fetch(`${web.url}/livez`);
    expect(headers.get('connection')).to.equal('close');
    expect((await post()).status).to.equal(202);
    expect((await ready()).status).to.equal(503);
    expect(await web.exited).to.equal(0);
  });

  itNative(
    'web answers pending messages before it closes their sockets, and sends Connection: close to requests',
    async () => {
      const web = await startProcfile('web');
      const user = await buildUser();
      const device = await connectDevice(web.url, user.access);
      const letGo = await holdIntakeOf(user.id);
      const acknowledged = device.ask('message', { type: 'message', content: 'Hi' });
      const posted = fetch(`${web.url}/api/v1/chat/send`, {
        method: 'POST',
        headers: { authorization: `Bearer ${user.access}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content: 'Hi' }),
      });
      while ((await waitingForLocks()) < 2);
      web.kill('SIGTERM');
      const waits = () =>
        web.logs.some(
          ({ msg }) => msg === 'Sockets wait for the answers to their messages; then they are closed',
        );
      while (!waits() && device.socket.connected) await nextTurn();
      await letGo();
      expect(await acknowledged).to.include({ ok: true });
      expect([(await posted).status, (await posted).headers.get('connection')]).to.deep.equal([202, 'close']);
      expect(await web.exited).to.equal(0);
      device.close();
    },
  );

  it('workers that share a process begin no job while one of them ends its own', async () => {
    const types = ['moderation', 'context', 'completion'];
    const workers = spawn(process.execPath, ['workers/run.ts', ...types], {
      env: { ...process.env, LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await says(workers, 'Process is ready');
    const api = await serveWeb();
    const user = await buildUser();
    const device = await connectDevice(api.url, user.access);
    provider.pause(4);
    const { run_id } = await send(api, user, { content: 'first [[tokens:10]]' });
    await device.until('text', ({ event }) => event === 'response.delta');

    const stopping = says(workers, 'Process stops');
    workers.kill('SIGTERM');
    await stopping;
    const later = await send(api, user, { content: 'second' });
    while ((await queues.moderation.getJobCountByTypes('waiting', 'prioritized')) === 0);
    // Enough time for a worker to take it.
    for (let i = 0; i < 50; i += 1) await api.call('GET', '/users/me', undefined, { token: user.access });
    provider.resume();
    await device.ended(run_id);
    expect(await once(workers, 'exit')).to.deep.equal([0, null]);
    const { moderation } = (await row<{ moderation: unknown }>('SELECT moderation FROM runs WHERE id = :id', {
      id: later.run_id,
    }))!;
    expect(moderation).to.equal(null);
    device.close();
    await api.close();
  });
});

/** Locks a user's row, for which every message of the user waits. @returns a function that unlocks it */
async function holdIntakeOf(userId: number): Promise<() => Promise<unknown>> {
  const transaction = await knex.transaction();
  await transaction.raw('SELECT 1 FROM users WHERE id = ? FOR UPDATE', [userId]);
  return () => transaction.rollback();
}

async function waitingForLocks(): Promise<number> {
  const found = await row<{ count: number }>(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return found?.count ?? 0;
}

/** Resolves when a process has logged the message. */
async function says(child: ChildProcess, what: string): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line.includes(`"msg":"${what}"`)) break;
  }
}
