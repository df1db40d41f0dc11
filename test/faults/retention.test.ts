import { expect } from 'chai';
import { chainAuditLog, verifyAuditLog } from '../../db/models/auditChain.ts';
import { AuditEntry } from '../../db/models/auditEntry.ts';
import { knex } from '../../db/knex.ts';
import { rows } from '../../db/sql.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { isAnchor } from '../../shared/privacy/anchors.ts';
import { unguarded } from '../support/audit.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { fell, trapped } from '../support/traps.ts';
import { until } from '../support/until.ts';

const LOG = 'audit_log, audit_heads, audit_parts, audit_anchors';

describe('housekeeping killed while retention deletes old entries of the audit log', () => {
  const empty = () => unguarded((trx) => trx.raw(`TRUNCATE ${LOG} RESTART IDENTITY`));
  after(empty);

  it('after it signed the anchor and before anything is deleted: the log is whole, and another copy goes on', async function () {
    this.timeout(120_000);
    await empty();
    for (let n = 0; n < 6; n += 1)
      await AuditEntry.write(
        {
          actor_id: 7,
          actor_role: 'admin',
          action: 'user.viewed',
          target_type: 'user',
          target_id: 8,
          subject_id: 8,
          ip: null,
          request_id: 'r',
        },
        knex,
      );
    await unguarded((trx) => trx.raw(`UPDATE audit_log SET at = now() - interval '40 days' WHERE id <= 4`));
    await chainAuditLog();
    const sound = () => verifyAuditLog(null, isAnchor);
    const head = await sound();
    expect(head).to.include({ chain_seq: 6 });

    const settings = { RETENTION_AUDIT_DAYS: '30' };
    const victim = await startProcfile('housekeeping', {
      ...settings,
      ...trapped('KILL_AT', 'retention.signed'),
    });
    await fell(victim);
    expect(await victim.exited).to.equal(null);
    const entries = () => knex('audit_log').where({ action: 'user.viewed' }).orderBy('id').pluck('id');
    expect(await entries()).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(await knex('audit_anchors')).to.deep.equal([]);
    expect(await sound()).to.deep.equal(head);

    const another = await startProcfile('housekeeping', settings);
    await until('the old entries are gone', async () => (await entries()).length === 2);
    await another.stop();
    expect(await sound()).to.deep.equal(head);
    expect(await knex('audit_parts').whereIn('entry_id', [1, 2, 3, 4])).to.deep.equal([]);
  });
});

describe('housekeeping killed while retention deletes old messages', () => {
  const SETTINGS = { RETENTION_MESSAGES_DAYS: '30' };
  /** Two batches and a bit, with two messages and a run for each conversation. */
  const OLD = 601;
  let user: BuiltUser;
  before(async () => {
    user = await buildUser();
    await rows(
      `WITH made AS (
         INSERT INTO conversations (user_id, created_at, last_message_at)
         SELECT :id, clock_timestamp() - days * interval '1 day', clock_timestamp() - days * interval '1 day'
         FROM (SELECT 40 AS days FROM generate_series(1, ${OLD}) UNION ALL SELECT 2 FROM generate_series(1, 3)) AS all_of_them
         RETURNING id, created_at
       ), asked AS (
         INSERT INTO messages (conversation_id, user_id, message_type, content, status, created_at)
         SELECT id, :id, 'user', 'Hello', 'sent', created_at FROM made RETURNING id, conversation_id, created_at
       ), replies AS (
         INSERT INTO messages (conversation_id, user_id, message_type, content, status, created_at)
         SELECT id, :id, 'assistant', 'Hello', 'sent', created_at FROM made RETURNING id, conversation_id
       )
       INSERT INTO runs (conversation_id, user_id, message_id, reply_id, status, language, request_hash, created_at,
         completed_at, announced_at)
       SELECT a.conversation_id, :id, a.id, r.id, 'completed', 'en', '', a.created_at, a.created_at, a.created_at
       FROM asked a JOIN replies r ON r.conversation_id = a.conversation_id`,
      user,
    );
  });

  /** Rows of the user; each conversation must have both of its messages and its run, or be gone with them. */
  async function left() {
    const [found] = await rows<{ conversations: number; messages: number; runs: number; halves: number }>(
      `SELECT count(*)::int AS conversations, coalesce(sum(m.n), 0)::int AS messages, coalesce(sum(r.n), 0)::int AS runs,
         count(*) FILTER (WHERE m.n <> 2 * r.n)::int AS halves
       FROM conversations c, LATERAL (SELECT count(*) AS n FROM messages WHERE conversation_id = c.id) m,
         LATERAL (SELECT count(*) AS n FROM runs WHERE conversation_id = c.id) r WHERE c.user_id = :id`,
      user,
    );
    return found ?? { conversations: 0, messages: 0, runs: 0, halves: 0 };
  }
  it('between two batches, and in the middle of one: whole batches went, and another copy goes on', async function () {
    this.timeout(120_000);
    const before = await left();
    expect(before).to.deep.equal({
      conversations: OLD + 3,
      messages: 2 * (OLD + 3),
      runs: OLD + 3,
      halves: 0,
    });
    const between = await startProcfile('housekeeping', {
      ...SETTINGS,
      ...trapped('KILL_AT', 'retention.deleted'),
    });
    await fell(between);
    await between.exited;
    const after = await left();
    expect(after.halves).to.equal(0);
    expect(before.messages - after.messages).to.be.within(1, 500);

    // A run of the next batch is held: the statement stands in the middle of its batch.
    const holder = await knex.transaction();
    const held = await holder('runs').where({ user_id: user.id }).orderBy('id').first().forUpdate();
    const within = await startProcfile('housekeeping', SETTINGS);
    await until('its statement waits', async () => {
      const [waits] = await rows<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%delete_old_messages%'
           AND datname = current_database()`,
      );
      return waits !== undefined;
    });
    expect(held).to.include({ status: 'completed' });
    within.kill('SIGKILL');
    await within.exited;
    await holder.rollback();
    expect((await left()).halves).to.equal(0);

    const another = await startProcfile('housekeeping', SETTINGS);
    await until('the old messages are gone', async () => (await left()).messages <= 6);
    await another.stop();
    expect(await left()).to.deep.equal({ conversations: 3, messages: 6, runs: 3, halves: 0 });
  });
});
