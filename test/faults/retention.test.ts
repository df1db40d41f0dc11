import { expect } from 'chai';
import { chainAuditLog, verifyAuditLog } from '../../db/models/auditChain.ts';
import { AuditEntry } from '../../db/models/auditEntry.ts';
import { knex } from '../../db/knex.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { isAnchor } from '../../shared/privacy/anchors.ts';
import { unguarded } from '../support/audit.ts';
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
