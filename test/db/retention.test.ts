import { expect } from 'chai';
import { chainAuditLog, verifyAuditLog } from '../../db/models/auditChain.ts';
import { AuditEntry } from '../../db/models/auditEntry.ts';
import { cutOldAddresses, deleteOldMessages } from '../../db/models/retention.ts';
import { knex } from '../../db/knex.ts';
import { rows } from '../../db/sql.ts';
import { isAnchor } from '../../shared/privacy/anchors.ts';
import { deleteOldEntries } from '../../shared/privacy/retention.ts';
import { unguarded } from '../support/audit.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { playWorker, type Sent, send, servedWeb } from '../support/web.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000);

describe('the retention of messages', () => {
  const api = servedWeb();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  async function answered(days: number, conversation_id?: number): Promise<Sent> {
    const sent = await send(api, user, { ...(conversation_id !== undefined && { conversation_id }) });
    const worker = await playWorker(user, sent);
    await worker.say('Hello');
    await worker.finish();
    await worker.announce();
    await knex('messages')
      .whereIn('id', [sent.message_id, sent.reply_id])
      .update({ created_at: ago(days) });
    await knex('runs')
      .where({ id: sent.run_id })
      .update({ created_at: ago(days), completed_at: ago(days) });
    await aged(sent.conversation_id, days);
    return sent;
  }
  const aged = (id: number, days: number) =>
    knex('conversations')
      .where({ id })
      .update({ created_at: ago(days), last_message_at: ago(days) });
  const left = async () => ({
    conversations: await knex('conversations').where({ user_id: user.id }).orderBy('id').pluck('id'),
    messages: await knex('messages').where({ user_id: user.id }).orderBy('id').pluck('id'),
    runs: await knex('runs').where({ user_id: user.id }).orderBy('id').pluck('id'),
  });

  it('deletes old ones with their runs, and the conversations that are empty then; younger ones stay', async () => {
    const old = await answered(40);
    const begun = await answered(40);
    const again = await answered(2, begun.conversation_id);
    await knex('conversations')
      .where({ id: begun.conversation_id })
      .update({ created_at: ago(40) });
    await knex('conversation_summaries').insert({
      conversation_id: begun.conversation_id,
      up_to_id: begun.reply_id,
      content: 'They said hello.',
      model: 'test',
    });
    expect(await deleteOldMessages(30, 100)).to.deep.equal({ messages: 4, conversations: 1 });
    expect(await left()).to.deep.equal({
      conversations: [begun.conversation_id],
      messages: [again.message_id, again.reply_id],
      runs: [again.run_id],
    });
    expect(
      await knex('conversation_summaries').where({ conversation_id: begun.conversation_id }),
    ).to.deep.equal([]);
    expect(await deleteOldMessages(30, 100)).to.deep.equal({ messages: 0, conversations: 0 });
    expect(old.run_id).to.be.lessThan(again.run_id);
  });

  it('goes a batch at a time, and leaves a run that is under way and what an agent still answers', async () => {
    const running = await send(api, user);
    await knex('messages')
      .where({ conversation_id: running.conversation_id })
      .update({ created_at: ago(40) });
    await aged(running.conversation_id, 40);
    for (let i = 0; i < 5; i += 1) await answered(40 + i);
    const passes: number[] = [];
    for (;;) {
      const { messages, conversations } = await deleteOldMessages(30, 4);
      if (messages + conversations === 0) break;
      passes.push(messages);
      expect(messages).to.be.at.most(4);
    }
    expect(passes.reduce((sum, one) => sum + one, 0)).to.equal(10);
    expect(await left()).to.deep.equal({
      conversations: [running.conversation_id],
      messages: [running.message_id, running.reply_id],
      runs: [running.run_id],
    });
  });

  it('deletes an agent’s last words with their conversation, and notes that are old', async () => {
    const { conversation_id } = await answered(40);
    const { id: agent_id } = await buildUser({ role: 'agent' });
    await knex('messages').insert({
      conversation_id,
      user_id: user.id,
      agent_id,
      message_type: 'agent',
      content: 'Good bye',
      status: 'sent',
      created_at: ago(29),
    });
    await knex('conversations')
      .where({ id: conversation_id })
      .update({ last_message_at: ago(29) });
    await knex('conversation_notes').insert({ conversation_id, content: 'a note', created_at: ago(40) });
    expect(await deleteOldMessages(30, 100)).to.deep.equal({ messages: 2, conversations: 0 });
    expect(await knex('conversation_notes').where({ conversation_id })).to.deep.equal([]);
    expect(await deleteOldMessages(28, 100)).to.deep.equal({ messages: 1, conversations: 1 });
  });

  it('finds what is old by indexes', async () => {
    const plans = await knex.transaction(async (trx) => {
      await trx.raw('SET LOCAL enable_seqscan = off');
      return Promise.all(
        [
          `SELECT conversation_id FROM messages WHERE message_type = 'user' AND created_at < now() ORDER BY created_at LIMIT 5`,
          'SELECT id FROM conversations WHERE created_at < now() ORDER BY created_at LIMIT 5',
          'SELECT id FROM conversation_notes WHERE created_at < now() ORDER BY created_at LIMIT 5',
          `SELECT id FROM sessions WHERE ip NOT LIKE '%/%' AND created_at < now() ORDER BY created_at LIMIT 5`,
          `SELECT id FROM audit_parts WHERE ip NOT LIKE '%/%' AND at < now() ORDER BY at LIMIT 5`,
          'SELECT id FROM audit_log WHERE chain_seq IS NOT NULL ORDER BY chain_seq LIMIT 5',
        ].map(async (sql) => JSON.stringify((await trx.raw(`EXPLAIN (FORMAT JSON) ${sql}`)).rows)),
      );
    });
    for (const plan of plans) {
      expect(plan).to.include('Index Scan');
      expect(plan).to.not.include('"Sort"');
    }
  });
});

describe('the retention of the audit log', () => {
  const tables = 'audit_log, audit_heads, audit_parts, audit_anchors';
  const write = (days: number) =>
    knex.transaction(async (trx) => {
      const { id } = { id: 7 };
      const by = { actor_id: id, actor_role: 'admin' as const, ip: '192.0.2.7', request_id: 'r' };
      await AuditEntry.write(
        { ...by, action: 'user.viewed', target_type: 'user', target_id: 8, subject_id: 8 },
        trx,
      );
      await trx.raw('ALTER TABLE audit_log DISABLE TRIGGER audit_log_unchanged');
      await trx.raw('UPDATE audit_log SET at = ? WHERE id = (SELECT max(id) FROM audit_log)', [ago(days)]);
      await trx.raw('ALTER TABLE audit_log ENABLE TRIGGER audit_log_unchanged');
    });
  beforeEach(async () => {
    await unguarded((trx) => trx.raw(`TRUNCATE ${tables} RESTART IDENTITY`));
    for (const days of [50, 49, 48, 47, 3, 2]) {
      await write(days);
      await chainAuditLog();
    }
  });
  after(() => unguarded((trx) => trx.raw(`TRUNCATE ${tables} RESTART IDENTITY`)));
  const sound = () => verifyAuditLog(null, isAnchor);
  const count = async (table: string) => Number((await knex(table).count())[0]?.count);

  it('deletes old entries in batches behind a signed anchor, and the rest still verifies', async () => {
    const { hash } = (await sound()) as { hash: string };
    expect(await deleteOldEntries(30, 3)).to.equal(3);
    expect(await sound()).to.deep.equal({ chain_seq: 6, hash, unchained: 0 });
    expect(await deleteOldEntries(30, 3)).to.equal(1);
    expect(await deleteOldEntries(30, 3)).to.equal(0);
    expect(await sound()).to.deep.equal({ chain_seq: 6, hash, unchained: 0 });
    expect([
      await count('audit_log'),
      await count('audit_parts'),
      await count('audit_anchors'),
    ]).to.deep.equal([2, 4, 1]);
    await write(0);
    await chainAuditLog();
    expect(await sound()).to.include({ chain_seq: 7 });
    expect(await deleteOldEntries(1, 100)).to.equal(2);
    expect(await sound()).to.include({ chain_seq: 7 });
  });

  it('goes on after every entry was deleted', async () => {
    expect(await deleteOldEntries(1, 100)).to.equal(6);
    expect(await sound()).to.include({ chain_seq: 6, unchained: 0 });
    await write(0);
    await chainAuditLog();
    expect(await sound()).to.include({ chain_seq: 7 });
  });

  it('distinguishes its anchor from a forged one and from a missing one', async () => {
    await deleteOldEntries(30, 100);
    await unguarded((trx) => trx('audit_log').where({ chain_seq: 5 }).delete());
    expect(await sound()).to.include({ fault: 'removed', chain_seq: 5 });
    await unguarded((trx) =>
      trx.raw(
        `UPDATE audit_anchors SET (chain_seq, hash) = (SELECT 5, prev_hash FROM audit_log WHERE chain_seq = 6)`,
      ),
    );
    expect(await sound()).to.include({ fault: 'forged_anchor', chain_seq: 5 });
    await unguarded((trx) => trx('audit_anchors').delete());
    expect(await sound()).to.include({ fault: 'removed', chain_seq: 1 });
  });

  it('keeps old entries that somebody edited, because they are evidence', async () => {
    await unguarded((trx) =>
      trx('audit_parts').where({ entry_id: 2, kind: 'actor' }).update({ person_id: 9 }),
    );
    expect(await deleteOldEntries(30, 100)).to.equal(0);
    expect(await sound()).to.include({ fault: 'edited', chain_seq: 2 });
  });

  it('refuses a DELETE that does not come from it', async () => {
    for (const table of ['audit_parts', 'audit_anchors', 'audit_log']) {
      const err = await knex(table)
        .delete()
        .catch((failure: Error) => failure);
      expect((err as Error).message, table).to.match(/is append-only/);
    }
    const edited = await knex('audit_parts')
      .update({ person_id: 1 })
      .catch((failure: Error) => failure);
    expect((edited as Error).message).to.match(/is append-only/);
  });
});

describe('addresses that are older than IP_DAYS', () => {
  it('become their networks, in sessions and in the audit log, which still verifies', async () => {
    const user = await buildUser();
    const wanted: [string, string][] = [
      ['198.51.100.231', '198.51.100.0/24'],
      ['2001:db8:1:2:3::4', '2001:db8:1::/48'],
      ['::ffff:192.0.2.9', '::/48'],
    ];
    for (const [ip] of wanted) {
      await knex('sessions').insert({ user_id: user.id, ip, expires_at: ago(-1), created_at: ago(31) });
      await AuditEntry.write(
        {
          actor_id: user.id,
          actor_role: 'user',
          action: 'user.changed',
          target_type: 'user',
          target_id: user.id,
          subject_id: user.id,
          ip,
          request_id: null,
        },
        knex,
      );
    }
    await knex('sessions').insert({
      user_id: user.id,
      ip: '203.0.113.5',
      expires_at: ago(-1),
      created_at: ago(29),
    });
    await chainAuditLog();
    await unguarded((trx) =>
      trx('audit_parts')
        .whereNotNull('ip')
        .update({ at: ago(31) }),
    );
    expect(await cutOldAddresses(30, 2)).to.equal(2);
    await cutOldAddresses(30, 100);
    expect(await cutOldAddresses(30, 100)).to.equal(0);
    const cut = wanted.map(([, network]) => network);
    expect(
      await knex('sessions').where({ user_id: user.id }).whereNotNull('ip').orderBy('id').pluck('ip'),
    ).to.deep.equal([...cut, '203.0.113.5']);
    expect(await knex('audit_entries').where({ actor_id: user.id }).orderBy('id').pluck('ip')).to.deep.equal(
      cut,
    );
    expect(await verifyAuditLog(null)).to.include({ unchained: 0 });
    await rows(`SELECT cut_ip('not an address'), cut_ip(NULL)`);
  });
});
