import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { deleteOver } from '../../db/models/over.ts';
import { storedUnder } from '../../db/models/idempotency.ts';
import { type BuiltUser, buildSession, buildUser } from '../support/factories.ts';
import { servedApi } from '../support/api.ts';

const DAY = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY);

describe('expired rows', () => {
  const api = servedApi();
  let user: BuiltUser;
  before(async () => {
    user = await buildUser();
  });

  const ids = async (table: string) => (await knex(table).orderBy('id')).map(({ id }) => id as number);
  async function ended(days: number): Promise<number> {
    const { sid } = await buildSession(user);
    await knex('sessions')
      .where({ id: sid })
      .update({ expires_at: ago(days), revoked_at: ago(days) });
    await knex('refresh_tokens')
      .where({ session_id: sid })
      .update({ expires_at: ago(days), spent_at: ago(days) });
    return sid;
  }

  it('are deleted when their time is over: tokens, sessions and resets; living rows stay', async () => {
    const [fresh, old] = [await ended(2), await ended(91)];
    await api.call('POST', '/auth/refresh', { refresh_token: user.refresh });
    await knex('password_resets').insert([
      { user_id: user.id, token_hash: 'over', expires_at: ago(2) },
      { user_id: user.id, token_hash: 'good', expires_at: ago(-1) },
    ]);
    const { idempotency_keys, message_keys, ...deleted } = await deleteOver(100, 90);
    expect(deleted).to.deep.equal({
      refresh_tokens: 2,
      sessions: 1,
      password_resets: 1,
      webhook_deliveries: 0,
      exports: 0,
      budget_user_days: 0,
      faq_imports: 0,
    });
    expect([idempotency_keys, message_keys]).to.deep.equal([0, 0]);
    expect(await ids('sessions'))
      .to.include.members([user.sid, fresh])
      .and.not.include(old);
    // A spent token stays too: its replay ends the session.
    expect(await knex('refresh_tokens').where({ session_id: user.sid })).to.have.length(2);
    // Past the grace in which its client may ask again.
    await knex('refresh_tokens')
      .whereNotNull('spent_at')
      .update({ spent_at: ago(1) });
    expect((await api.call('POST', '/auth/refresh', { refresh_token: user.refresh })).status).to.equal(401);
    expect(await knex('password_resets').pluck('token_hash')).to.deep.equal(['good']);
  });

  it('are deleted a batch at a time', async () => {
    for (let i = 0; i < 5; i += 1) await ended(100);
    expect((await deleteOver(2, 90)).sessions).to.equal(2);
    expect((await deleteOver(100, 90)).sessions).to.equal(3);
    expect((await deleteOver(100, 90)).sessions).to.equal(0);
  });

  it('of runs stay, and lose their idempotency key after two days and not before', async () => {
    const asker = await buildUser();
    const headers = { 'Idempotency-Key': 'once' };
    const ask = () => api.call('POST', '/chat/send', { content: 'Hi' }, { token: asker.access, headers });
    const { run_id } = (await ask()).body as { run_id: number };
    const run = knex('runs').where({ id: run_id });
    const hash = (await run.clone().first()).request_hash as string;
    await run.clone().update({ created_at: ago(1.5), status: 'completed', completed_at: ago(1.5) });
    expect((await deleteOver(100, 90)).idempotency_keys).to.equal(0);
    expect((await ask()).body.run_id).to.equal(run_id);
    await run.clone().update({ created_at: ago(2.1) });
    expect((await deleteOver(100, 90)).idempotency_keys).to.equal(1);
    expect(await storedUnder(asker.id, 'once', hash)).to.equal(undefined);
    expect((await run.clone().first()).id).to.equal(run_id);
  });

  it('of messages that joined a run lose their key after two days, and stay', async () => {
    const asker = await buildUser();
    const ask = (body: object, key: string) =>
      api.call('POST', '/chat/send', body, { token: asker.access, headers: { 'Idempotency-Key': key } });
    const { conversation_id } = (await ask({ content: 'one' }, 'first')).body;
    const more = { content: 'two', conversation_id, multitask_strategy: 'coalesce' };
    const { message_id } = (await ask(more, 'second')).body;
    const key = knex('message_keys').where({ message_id: Number(message_id) });
    await key.clone().update({ created_at: ago(1.5) });
    expect((await deleteOver(100, 90)).message_keys).to.equal(0);
    expect((await ask(more, 'second')).body).to.include({ message_id, status: 'joined' });
    await key.clone().update({ created_at: ago(2.1) });
    expect((await deleteOver(100, 90)).message_keys).to.equal(1);
    expect(await knex('messages').where({ id: Number(message_id) })).to.have.length(1);
  });

  it('have an index for each kind', async () => {
    const { rows: indexes } = await knex.raw(
      "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indexrelid::regclass::text ~ '_over$' AND indexrelid::regclass::text <> 'episodes_handed_over' AND indisvalid ORDER BY 1",
    );
    expect(indexes.map(({ name }: { name: string }) => name)).to.deep.equal([
      'exports_over',
      'message_keys_over',
      'password_resets_over',
      'refresh_tokens_over',
      'runs_keys_over',
      'sessions_over',
      'webhook_deliveries_over',
    ]);
  });
});
