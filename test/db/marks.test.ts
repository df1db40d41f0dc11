import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { markAnnounced } from '../../db/models/owed.ts';
import { acceptMessage, cancelRun } from '../../db/models/run.ts';
import { buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

describe('marks of announced runs', () => {
  /** Adds a run and ends it. Returns its id. */
  async function endedRun(user_id: number): Promise<number> {
    const message = {
      user_id,
      conversation_id: null,
      content: 'Hello?',
      language: null,
      metadata: {},
      multitask_strategy: 'enqueue' as const,
      idempotency_key: null,
      request_hash: 'a'.repeat(64),
      request_id: null,
    };
    const accepted = await acceptMessage(message, 100);
    if (!('run_id' in accepted) || accepted.run_id === null) throw new Error(accepted.outcome);
    await cancelRun(accepted.run_id, user_id);
    return accepted.run_id;
  }

  async function announced(ids: number[]): Promise<number[]> {
    return knex('runs').whereIn('id', ids).whereNotNull('announced_at').pluck('id');
  }

  itNative('wait for no locked run, which is marked by a later one', async () => {
    const user = await buildUser();
    const [locked, free] = [await endedRun(user.id), await endedRun(user.id)];
    await knex.transaction(async (other) => {
      await other('runs').where({ id: locked }).forUpdate();
      await markAnnounced([locked, free]);
      expect(await announced([locked, free])).to.deep.equal([free]);
    });
    await markAnnounced([locked]);
    expect(await announced([locked])).to.deep.equal([locked]);
  });
});
