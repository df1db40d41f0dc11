import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { mailsToSend } from '../../db/models/mail.ts';
import { notificationsToDeliver, usersToPush } from '../../db/models/notification.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { itNative, onNative } from '../support/native.ts';
import { buffersOf, explain, type Plan } from '../support/plans.ts';

const LATER = 20_000;

/** The reconciler asks every second, and a job for each notification: what is due later costs them nothing. */
describe('what is owed', function () {
  this.timeout(120_000);
  let user: BuiltUser;
  before(async () => {
    if (!onNative) return;
    user = await buildUser();
    const { id } = user;
    await knex.raw(
      `INSERT INTO notifications (kind, user_id, due_at, push_due_at)
       SELECT 'agent_replied', :id, now() + interval '1 hour', now() + interval '1 hour' FROM generate_series(1, ${LATER})`,
      { id },
    );
    await knex.raw(
      `INSERT INTO mails (address, language, message_key, due_at)
       SELECT 'a@example.org', 'en', 'k' || i, now() + interval '1 hour' FROM generate_series(1, ${LATER}) AS i`,
    );
    await knex.raw('VACUUM ANALYZE notifications');
    await knex.raw('VACUUM ANALYZE mails');
  });

  const reads: Record<string, [read: () => Promise<unknown[]>, buffers: number]> = {
    notifications: [() => notificationsToDeliver(500, 50), 20],
    mails: [() => mailsToSend(500), 20],
    // The index is walked, as its users come first.
    pushes: [() => usersToPush(500), 200],
  };
  for (const [name, [read, buffers]] of Object.entries(reads))
    itNative(`is found without reading what is due later: ${name}`, async () => {
      const { plan, result } = await explain(read);
      expect(result).to.deep.equal([]);
      expect(buffersOf(plan)).to.be.at.most(buffers);
    });

  const claims: Record<string, string> = {
    'the notifications of a job': 'claim_notifications(0, 49, 30000)',
    'a push of a user': 'claim_push(:id, 30000)',
  };
  for (const [name, claim] of Object.entries(claims))
    itNative(`is claimed without reading what is due later: ${name}`, async () => {
      const asked = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM ${claim}`;
      const plan = await knex.transaction(async (trx) => {
        // The first call of a session reads catalogs.
        for (let i = 0; i < 6; i += 1) await trx.raw(asked, { id: user.id });
        const answer = await trx.raw(asked, { id: user.id });
        return answer.rows[0]['QUERY PLAN'][0].Plan as Plan;
      });
      expect(plan['Actual Rows']).to.equal(0);
      expect(buffersOf(plan)).to.be.at.most(100);
    });
});
