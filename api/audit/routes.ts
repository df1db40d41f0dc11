import { listAuditEntries } from '../../db/models/auditView.ts';
import { knex } from '../../db/knex.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { auditContract, presentAuditEntry } from './contract.ts';
import { note } from './note.ts';

export const audit = serve(auditContract, {
  'GET /api/v1/audit': async (ctx) => {
    const { limit, cursor, ...filter } = ctx.state.query;
    ctx.body = await pageOf(
      { limit, cursor },
      {
        list: 'audit',
        by: ['id'],
        // Who reads it stands in it, from the next page on.
        find: (count, after) =>
          knex.transaction(async (trx) => {
            const entries = await listAuditEntries(
              filter,
              { limit: count, beforeId: after?.id ?? null },
              trx,
            );
            await note(ctx, 'audit.read', { subject_id: filter.subject_id, details: filter })(null, trx);
            return entries;
          }),
        present: presentAuditEntry,
      },
    );
  },
});
