import Router from '@koa/router';
import { listAuditEntries } from '../../db/models/auditView.ts';
import { knex } from '../../db/knex.ts';
import type { RouteContext, State } from '../context.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { auth, requireRole } from '../middleware/auth.ts';
import { queryOf, validateQuery } from '../middleware/validate.ts';
import { note } from './note.ts';
import { presentAuditEntry } from './presenter.ts';
import { listQuery } from './schemas.ts';

export const auditRoutes = new Router<State>({ prefix: '/audit' });

auditRoutes.get('/', auth, requireRole('admin'), validateQuery(listQuery), async (ctx: RouteContext) => {
  const { limit, cursor, ...filter } = queryOf(ctx, listQuery);
  const beforeId = cursor === undefined ? null : (decodeCursor('audit', cursor, 1)[0] ?? null);
  // Who reads it stands in it, from the next page on.
  const found = await knex.transaction(async (trx) => {
    const entries = await listAuditEntries(filter, { limit: limit + 1, beforeId }, trx);
    await note(ctx, 'audit.read', { subject_id: filter.subject_id, details: filter })(null, trx);
    return entries;
  });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = {
    data: data.map(presentAuditEntry),
    next_cursor: last ? encodeCursor('audit', [last.id]) : null,
  };
});
