import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import type { Api } from '../support/api.ts';
import { type BuiltUser, buildGuest } from '../support/factories.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { fell, trapped } from '../support/traps.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

const LONG_AGO = new Date(Date.now() - 31 * 86_400_000);

describe('housekeeping killed while it erases guests', () => {
  let api: Api;
  before(async () => {
    api = await serveWeb();
  });
  after(() => api.close());

  /** A guest with an answered question and one that nobody works at, not seen for 31 days. */
  async function unseenGuest(): Promise<BuiltUser> {
    const guest = await buildGuest();
    const sent = await send(api, guest);
    const worker = await playWorker(guest, sent);
    await worker.say('Hello');
    await worker.finish();
    await worker.announce();
    await send(api, guest);
    await knex('users').where({ id: guest.id }).update({ created_at: LONG_AGO });
    await knex('sessions').where({ user_id: guest.id }).update({ last_used_at: LONG_AGO });
    return guest;
  }

  it('after it shut one out, and after it removed rows: another copy erases all of them', async function () {
    this.timeout(120_000);
    const guests = await Promise.all([unseenGuest(), unseenGuest(), unseenGuest()]);
    const ids = guests.map(({ id }) => id);
    for (const at of ['guest.retired', 'guest.erased'] as const) {
      const victim = await startProcfile('housekeeping', trapped('KILL_AT', at));
      await fell(victim);
      expect(await victim.exited).to.equal(null);
    }
    const another = await startProcfile('housekeeping');
    for (const table of ['users', 'conversations', 'messages', 'runs', 'sessions'])
      while ((await knex(table).whereIn(table === 'users' ? 'id' : 'user_id', ids)).length > 0)
        await sleep(50);
    await another.stop();
  });
});
