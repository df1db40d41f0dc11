import { readAuditLog } from '../../shared/accounts/auditLog.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { auditContract, presentAuditEntry } from './contract.ts';
import { by } from './note.ts';

export const audit = serve(auditContract, {
  'GET /api/v1/audit': async (ctx) => {
    const { limit, cursor, ...filter } = ctx.state.query;
    ctx.body = await pageOf(
      { limit, cursor },
      {
        list: 'audit',
        by: ['id'],
        find: (count, after) => readAuditLog(by(ctx), filter, { limit: count, beforeId: after?.id ?? null }),
        present: presentAuditEntry,
      },
    );
  },
});
