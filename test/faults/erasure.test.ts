import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { rows } from '../../db/sql.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { redis } from '../../shared/delivery/redis.ts';
import type { Api } from '../support/api.ts';
import { keysNaming } from '../support/everywhere.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { fell, trapped } from '../support/traps.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

describe('housekeeping killed while it erases an account', () => {
  let api: Api;
  before(async () => {
    api = await serveWeb();
  });
  after(() => api.close());

  it('after it removed rows, and before it signed: another copy completes the receipt, and nothing is left', async function () {
    this.timeout(120_000);
    const user = await buildUser();
    for (let i = 0; i < 3; i += 1) {
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      await worker.say('Hello');
      await worker.finish();
      await worker.announce();
    }
    const runs = (await rows<{ id: number }>('SELECT id FROM runs WHERE user_id = :id', user)).map(
      ({ id }) => id,
    );
    const { body } = await api.call('DELETE', '/users/me', { password: PASSWORD }, { token: user.access });
    for (const at of ['erasure.erased', 'erasure.forgotten'] as const) {
      const victim = await startProcfile('housekeeping', trapped('KILL_AT', at));
      expect(await fell(victim)).to.equal(user.id);
      expect(await victim.exited).to.equal(null);
    }
    // What the first one removed from Postgres only is still known.
    const another = await startProcfile('housekeeping');
    const receipt = async () => (await api.call('GET', `/erasures/${String(body.receipt)}`)).body;
    while ((await receipt()).status !== 'erased') await sleep(50);
    await another.stop();
    expect((await receipt()).erased).to.include({ users: 1, messages: 6, runs: 3, conversations: 3 });
    expect(await knex('users').where({ id: user.id })).to.deep.equal([]);
    expect(await keysNaming(redis, user.id, runs)).to.deep.equal([]);
  });
});
