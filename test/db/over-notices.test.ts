import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { deleteOverNotices } from '../../db/models/overNotices.ts';
import { buildSession, buildUser } from '../support/factories.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000);

describe('what notifications leave behind', () => {
  it('is deleted when its time is over, and what is owed stays', async () => {
    const { id: user_id, sid: session_id } = await buildUser();
    const other = await buildSession({ id: user_id, email: null, role: 'user' });
    const row = (days: number, more: object) => ({
      user_id,
      kind: 'new_sign_in',
      created_at: ago(days),
      ...more,
    });
    await knex('notifications').insert([
      row(3, { shown_at: null }),
      row(1, { shown_at: null }),
      row(91, { shown_at: ago(91) }),
      row(80, { shown_at: ago(80) }),
      row(91, { due_at: ago(1) }),
    ]);
    const mail = { user_id, address: 'a@example.com', language: 'en', message_key: 'k' };
    await knex('mails').insert([
      { ...mail, created_at: ago(31), sent_at: ago(31) },
      { ...mail, created_at: ago(31), due_at: ago(31) },
      { ...mail, created_at: ago(29), failed_at: ago(28) },
    ]);
    await knex('email_verifications').insert([
      { user_id, email: 'a@example.com', token_hash: 'over', expires_at: ago(2) },
      { user_id, email: 'a@example.com', token_hash: 'gone', expires_at: ago(0.5) },
    ]);
    const device = { user_id, p256dh: 'x', auth: 'x' };
    await knex('push_subscriptions').insert([
      { ...device, session_id, endpoint: 'https://a.example' },
      { ...device, session_id: other.sid, endpoint: 'https://b.example' },
    ]);
    await knex('sessions')
      .where({ id: other.sid })
      .update({ revoked_at: ago(0) });

    expect(await deleteOverNotices(100)).to.deep.equal({
      notifications: 2,
      mails: 1,
      email_verifications: 1,
      push_subscriptions: 1,
    });
    expect(await deleteOverNotices(100)).to.deep.equal({
      notifications: 0,
      mails: 0,
      email_verifications: 0,
      push_subscriptions: 0,
    });
    expect(await knex('email_verifications').pluck('token_hash')).to.deep.equal(['gone']);
    expect(await knex('push_subscriptions').pluck('endpoint')).to.deep.equal(['https://a.example']);
  });
});
