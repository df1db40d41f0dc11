import { expect } from 'chai';
import { knex } from '../../../db/knex.ts';
import { makeMail } from '../../../db/models/mail.ts';
import { down } from '../../../db/migrations/128_push_jobs.ts';
import { claimNotifications } from '../../../db/models/notification.ts';
import { deliverNotifications } from '../../../shared/notifications/deliver.ts';
import { REFUSABLE } from '../../../shared/notifications/choices.ts';
import { buildUser } from '../../support/factories.ts';

describe('a notification', () => {
  it('stays in the list, and is not pushed again, after a worker died that had made its later mail', async () => {
    const user = await buildUser();
    const now = knex.fn.now();
    const [{ id }] = await knex('notifications')
      .insert({ kind: 'webhook_disabled', user_id: user.id, shown_at: now, mail_at: now, due_at: now })
      .returning('id');
    const [claimed] = await claimNotifications(id, 0, 30_000);
    expect(claimed?.id).to.equal(id);
    const mail = { address: user.email, language: 'en', key: `k${id}`, alongWith: REFUSABLE, perHour: 10 };
    const mail_id = await makeMail(id, mail);
    // The worker dies here. Its lease ends, and the user has read it meanwhile.
    await knex('notifications').where({ id }).update({ due_at: knex.fn.now(), read_at: knex.fn.now() });
    expect(await deliverNotifications(id, 0)).to.equal(1);
    const left = await knex('notifications').where({ id }).first();
    expect(left).to.include({ mail_id, due_at: null, mail_at: null, push_due_at: null });
  });

  it('is pushed by the release before, where this release owed the push and is rolled back', async () => {
    const { id: user_id } = await buildUser();
    const [{ id }] = await knex('notifications')
      .insert({ kind: 'webhook_disabled', user_id, shown_at: knex.fn.now(), push_due_at: knex.fn.now() })
      .returning('id');
    const trx = await knex.transaction();
    await trx.raw('DROP INDEX notifications_to_push');
    await down(trx);
    const left = await trx('notifications').where({ id }).whereRaw('due_at = push_at').first();
    await trx.rollback();
    expect(left?.push_at).to.be.instanceOf(Date);
  });
});
