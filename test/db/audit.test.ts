import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { Knex } from 'knex';
import { chainAuditLog, type Sound, verifyAuditLog } from '../../db/models/auditChain.ts';
import { AuditEntry } from '../../db/models/auditEntry.ts';
import { knex } from '../../db/knex.ts';
import { up as noteGone } from '../../db/migrations/118_audit_parts_gone.ts';
import { unguarded } from '../support/audit.ts';
import { buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

describe('the audit log in the database', () => {
  const write = (action: string, trx: Knex = knex) =>
    AuditEntry.write(
      {
        actor_id: 1,
        actor_role: 'admin',
        action,
        target_type: 'faq',
        target_id: 2,
        subject_id: null,
        ip: '192.0.2.7',
        request_id: 'r',
        details: { fields: ['answer', 'ü'] },
      },
      trx,
    );
  const empty = () =>
    unguarded((trx) =>
      trx.raw('TRUNCATE audit_log, audit_heads, audit_parts, audit_anchors RESTART IDENTITY'),
    );
  const verify = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/audit.ts', 'verify', ...args], { encoding: 'utf8' });
  const noted = async () => ((await verifyAuditLog(null)) as Sound).hash;

  beforeEach(async () => {
    await empty();
    // Makes two heads in two passes: after the third and the sixth entry.
    for (const action of ['a.one', 'a.two', 'a.three']) await write(action);
    await chainAuditLog();
    for (const action of ['a.four', 'a.five', 'a.six']) await write(action);
    await chainAuditLog();
  });
  after(empty);

  for (const sql of [
    `UPDATE audit_log SET details = '{}'`,
    'UPDATE audit_log SET hash = hash',
    'UPDATE audit_log SET chain_seq = NULL, prev_hash = NULL, hash = NULL',
    'DELETE FROM audit_log WHERE id = 3',
    'TRUNCATE audit_log',
    'UPDATE audit_heads SET hash = hash',
    'DELETE FROM audit_heads',
    'TRUNCATE audit_heads',
  ])
    it(`refuses ${sql}`, async () => {
      const err = await knex.raw(sql).catch((failure: Error) => failure);
      expect((err as Error).message).to.match(/is append-only/);
      expect(await knex('audit_log').count().first()).to.deep.equal({ count: 6 });
    });

  it('refuses a change of an entry that gets its place in the chain', async () => {
    await write('a.seven');
    const err = await knex('audit_log')
      .where({ id: 7 })
      .update({ chain_seq: 7, prev_hash: Buffer.alloc(32), hash: Buffer.alloc(32), actor_id: 9 })
      .catch((failure: Error) => failure);
    expect((err as Error).message).to.match(/is append-only/);
  });

  it('is sound in any time zone, and counts the entries without a place', async () => {
    await write('a.seven');
    const sound = (await verifyAuditLog(null)) as Sound;
    expect(sound).to.include({ chain_seq: 6, unchained: 1 });
    const elsewhere = await knex.transaction(async (trx) => {
      await trx.raw(`SET LOCAL TimeZone = 'Asia/Kathmandu'; SET LOCAL DateStyle = 'German'`);
      return trx.raw<{ rows: object[] }>(`SELECT fault FROM check_audit_chain(0, audit_genesis(), 100)`);
    });
    expect(elsewhere.rows).to.deep.equal([{ fault: null }]);
  });

  it('is checked by the command, which prints the head to note', async () => {
    const { stdout, status } = verify('--head', await noted());
    expect(stdout).to.equal(`sound: 6 entries\nhead ${await noted()}\n`);
    expect(status).to.equal(0);
    await unguarded((trx) => trx('audit_log').where({ id: 2 }).update({ actor_id: 3 }));
    const found = verify();
    expect(found.stderr).to.equal('broken: entry 2 of the chain (id 2) was edited\n');
    expect(found.status).to.equal(1);
    expect(verify('--head', 'x').status).to.equal(2);
  });

  const cut = (from: number) => async (trx: Knex) => {
    await trx('audit_log').where('id', '>=', from).delete();
  };
  /** What an informed intruder does: makes the chain again, with its heads. */
  const chainAnew = async (trx: Knex) => {
    await trx('audit_heads').delete();
    await trx('audit_log').update({ chain_seq: null, prev_hash: null, hash: null });
    await trx.raw('SELECT chain_audit_log(1000)');
  };
  const tampered: [string, (trx: Knex) => Promise<unknown>, object][] = [
    [
      'an edited actor',
      (trx) => trx('audit_log').where({ id: 1 }).update({ actor_id: 5 }),
      { fault: 'edited', chain_seq: 1, entry_id: 1 },
    ],
    [
      'an edited time',
      (trx) => trx.raw(`UPDATE audit_log SET at = at + interval '1 microsecond' WHERE id = 4`),
      { fault: 'edited', chain_seq: 4, entry_id: 4 },
    ],
    [
      'edited details',
      (trx) => trx.raw(`UPDATE audit_log SET details = details || '{"a": 1}' WHERE id = 6`),
      { fault: 'edited', chain_seq: 6, entry_id: 6 },
    ],
    [
      'a removed address',
      (trx) => trx('audit_parts').where({ entry_id: 5 }).update({ ip: null }),
      { fault: 'edited', chain_seq: 5, entry_id: 5 },
    ],
    [
      'a removed part',
      (trx) => trx('audit_parts').where({ entry_id: 5 }).delete(),
      { fault: 'removed', chain_seq: 5, entry_id: 5 },
    ],
    [
      'an entry edited and hashed again',
      (trx) =>
        trx.raw(`UPDATE audit_log SET actor_id = 5 WHERE id = 2;
          UPDATE audit_log a SET hash = audit_hash(prev_hash, chain_seq, a) WHERE id = 2`),
      { fault: 'edited', chain_seq: 3, entry_id: 3 },
    ],
    [
      'two entries that changed places',
      (trx) =>
        trx.raw(
          `UPDATE audit_log SET chain_seq = -chain_seq WHERE id IN (2, 3); UPDATE audit_log SET chain_seq = 5 + chain_seq WHERE chain_seq < 0`,
        ),
      { fault: 'edited', chain_seq: 2, entry_id: 3 },
    ],
    [
      'an entry removed from the middle',
      (trx) => trx('audit_log').where({ id: 3 }).delete(),
      { fault: 'removed', chain_seq: 3, entry_id: null },
    ],
    [
      'the removed first entry',
      (trx) => trx('audit_log').where({ id: 1 }).delete(),
      { fault: 'removed', chain_seq: 1, entry_id: null },
    ],
    ['the removed last entry', cut(6), { fault: 'cut_off', chain_seq: 6, entry_id: null }],
    ['the removal of all entries', cut(1), { fault: 'cut_off', chain_seq: 1, entry_id: null }],
    [
      'the emptied table',
      (trx) => trx.raw('TRUNCATE audit_log'),
      { fault: 'cut_off', chain_seq: 1, entry_id: null },
    ],
    [
      'the last entry taken out of the chain',
      (trx) => trx('audit_log').where({ id: 6 }).update({ chain_seq: null, prev_hash: null, hash: null }),
      { fault: 'cut_off', chain_seq: 6, entry_id: null },
    ],
  ];
  for (const [what, tamper, broken] of tampered)
    it(`finds ${what}`, async () => {
      await unguarded(tamper);
      expect(await verifyAuditLog(null)).to.deep.equal(broken);
      // A later pass does not heal the chain.
      await write('a.later');
      await chainAuditLog();
      expect(await verifyAuditLog(null)).to.have.property('fault');
    });

  const rewritten: [string, (trx: Knex) => Promise<unknown>][] = [
    ['an edited entry', (trx) => trx('audit_log').where({ id: 2 }).update({ actor_id: 5 })],
    ['a removed entry', (trx) => trx('audit_log').where({ id: 2 }).delete()],
    ['a cut-off end', cut(4)],
    ['the removal of all entries', cut(1)],
  ];
  for (const [what, tamper] of rewritten)
    it(`finds a chain rewritten around ${what}, by a head noted elsewhere`, async () => {
      const head = await noted();
      await unguarded(async (trx) => {
        await tamper(trx);
        await chainAnew(trx);
      });
      expect(await verifyAuditLog(null)).to.have.property('hash');
      expect(await verifyAuditLog(head)).to.include({ fault: 'unknown_head' });
    });

  it('finds a rewritten chain by the heads of the database', async () => {
    await unguarded(async (trx) => {
      const heads = await trx('audit_heads');
      await trx('audit_log').where({ id: 2 }).update({ actor_id: 5 });
      await chainAnew(trx);
      await trx('audit_heads').delete();
      await trx('audit_heads').insert(heads);
    });
    expect(await verifyAuditLog(null)).to.deep.equal({ fault: 'other_head', chain_seq: 3, entry_id: 3 });
  });

  itNative('gives an entry that commits late a place after those committed earlier', async () => {
    await knex.transaction(async (late) => {
      await write('a.late', late);
      await write('a.early');
      await chainAuditLog();
    });
    await chainAuditLog();
    const entries = await knex('audit_log').where('id', '>', 6).orderBy('chain_seq');
    expect(entries.map(({ id, action, chain_seq }) => [id, action, chain_seq])).to.deep.equal([
      [8, 'a.early', 7],
      [7, 'a.late', 8],
    ]);
    expect(await verifyAuditLog(null)).to.include({ chain_seq: 8 });
  });

  it('is chained once by any number of concurrent callers', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => write(`a.x${i}`)));
    const counts = await Promise.all(Array.from({ length: 4 }, chainAuditLog));
    await chainAuditLog();
    expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(20);
    expect(await verifyAuditLog(null)).to.include({ chain_seq: 26, unchained: 0 });
  });

  it('has no entry of an act that was rolled back', async () => {
    const failure = await knex
      .transaction(async (trx) => {
        await write('a.undone', trx);
        throw new Error('undone');
      })
      .catch(({ message }: Error) => message);
    expect(failure).to.equal('undone');
    expect(await knex('audit_log').where({ action: 'a.undone' })).to.deep.equal([]);
  });

  it('distinguishes a part that an erasure removed from one that somebody removed', async () => {
    const id = 1_001;
    const of = { target_id: id, action: 'user.viewed', target_type: 'user', ip: null, request_id: null };
    for (const subject_id of [id, id + 1])
      await AuditEntry.write({ ...of, actor_id: id, actor_role: 'user', subject_id }, knex);
    await knex.raw('SELECT redact_audit_of(?)', [id]);
    await chainAuditLog();
    const gone = await knex('audit_log').where({ action: 'audit.parts_erased' });
    expect(gone.map(({ details }) => details.parts.length)).to.deep.equal([3]);
    expect(await verifyAuditLog(null)).to.include({ chain_seq: 9 });
    expect(JSON.stringify(gone)).to.not.contain(id);

    await unguarded((trx) =>
      trx('audit_parts')
        .where({ person_id: id + 1 })
        .delete(),
    );
    expect(await verifyAuditLog(null)).to.deep.equal({ fault: 'removed', chain_seq: 8, entry_id: 8 });
    expect(verify().stderr).to.equal(
      'broken: entry 8 of the chain (id 8) lost a part that no erasure removed\n',
    );
    // Nor does taking the erasure's entry out of the log help.
    await unguarded((trx) => trx('audit_log').where({ action: 'audit.parts_erased' }).delete());
    expect(await verifyAuditLog(null)).to.include({ fault: 'removed', chain_seq: 7, entry_id: 7 });
  });

  it('is sound after an upgrade, whatever the release before erased until its functions were replaced', async () => {
    await knex.raw(`CREATE OR REPLACE FUNCTION redact_audit_of(p_user bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
      BEGIN
        PERFORM set_config('parley.erasing', 'on', true);
        DELETE FROM audit_parts WHERE person_id = p_user;
        PERFORM set_config('parley.erasing', 'off', true);
        RETURN 0;
      END $$`);
    const viewed = { action: 'user.viewed', target_type: 'user', ip: null, request_id: null };
    for (const id of [1_003, 1_004])
      await AuditEntry.write(
        { ...viewed, target_id: id, actor_id: id, actor_role: 'user', subject_id: id },
        knex,
      );
    await knex.raw('SELECT redact_audit_of(1003)');
    await noteGone(knex);
    // The migrations are done, and the functions of this release do not exist yet.
    await knex.raw('SELECT redact_audit_of(1004)');
    await chainAuditLog();
    expect(await verifyAuditLog(null)).to.include({ chain_seq: 10 });
    const notes = await knex('audit_log').where({ action: 'audit.parts_erased' }).orderBy('id');
    expect(notes.map(({ details }) => details.by)).to.deep.equal(['upgrade', undefined]);
  });

  it('names many erased parts in entries of a thousand each', async () => {
    const id = 1_002;
    await knex.raw(
      `SELECT add_audit_entry(?, 'user', 'user.viewed', 'user', ?, NULL, NULL, NULL, '{}') FROM generate_series(1, 1300)`,
      [id, id],
    );
    await knex.raw('SELECT redact_audit_of(?)', [id]);
    const gone = await knex('audit_log').where({ action: 'audit.parts_erased' }).orderBy('id');
    expect(gone.map(({ details }) => details.parts.length)).to.deep.equal([1_000, 300]);
  });

  it('keeps the entries of a deleted user', async () => {
    const { id } = await buildUser();
    const entry = { actor_id: id, subject_id: id, target_id: id, action: 'user.viewed', target_type: 'user' };
    await AuditEntry.write({ ...entry, actor_role: 'user', ip: null, request_id: null }, knex);
    await knex('users').where({ id }).delete();
    expect(await knex('audit_entries').where({ subject_id: id }).first()).to.include({ actor_id: id });
  });

  it('records a role set at the console', async () => {
    const { id, email } = await buildUser();
    const run = (...args: string[]) => spawnSync(process.execPath, ['scripts/user.ts', ...args]).status;
    expect(run(email, '--role', 'agent')).to.equal(0);
    expect(run('nobody@example.com', '--role', 'admin')).to.equal(1);
    const entries = await knex('audit_entries').where({ action: 'user.role_changed' });
    expect(entries).to.have.length(1);
    expect(entries[0]).to.deep.include({
      actor_id: null,
      target_id: id,
      subject_id: id,
      details: { by: 'console', from: 'user', to: 'agent' },
    });
  });
});
