import { verifyAuditLog } from '../../db/models/auditChain.ts';
import { noted } from '../../shared/accounts/noted.ts';
import { readAuditLog } from '../../shared/accounts/auditLog.ts';
import { answerCsv } from '../analytics/csv.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { limitSearches } from '../middleware/limit-searches.ts';
import { auditContract, presentAuditEntry } from './contract.ts';
import { by } from './note.ts';

export const audit = serve(auditContract, {
  'GET /api/v1/audit': async (ctx) => {
    const { limit: _limit, cursor: _cursor, ...filter } = ctx.state.query;
    ctx.body = await pageOf(ctx.state.query, {
      list: 'audit',
      by: ['id'],
      find: (limit, after) => readAuditLog(by(ctx), filter, { limit, beforeId: after?.id ?? null }),
      present: presentAuditEntry,
    });
  },

  'GET /api/v1/audit/export': async (ctx) => {
    const page = { limit: EXPORTED, beforeId: null };
    const entries = await readAuditLog(by(ctx), ctx.state.query, page, 'audit.exported');
    answerCsv(
      ctx,
      'audit',
      COLUMNS,
      entries.map((entry) =>
        COLUMNS.map((column) => (column === 'details' ? JSON.stringify(entry.details) : entry[column])),
      ),
    );
  },

  'POST /api/v1/audit/verify': [
    limitSearches,
    async (ctx) => {
      const { head = null } = ctx.state.body;
      await noted(by(ctx), 'audit.verified')(null);
      const found = await verifyAuditLog(head);
      ctx.body =
        'fault' in found
          ? { sound: false, entries: null, unchained: null, head: null, ...found }
          : {
              sound: true,
              entries: found.chain_seq,
              unchained: found.unchained,
              head: found.hash,
              fault: null,
              chain_seq: null,
              entry_id: null,
            };
    },
  ],
});

const EXPORTED = 10_000;
const COLUMNS = [
  'id',
  'at',
  'actor_id',
  'actor_role',
  'action',
  'target_type',
  'target_id',
  'subject_id',
  'ip',
  'request_id',
  'details',
  'chain_seq',
  'hash',
] as const;
