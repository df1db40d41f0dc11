import Router from '@koa/router';
import type { Knex } from 'knex';
import { knex } from '../../../db/knex.ts';
import { User } from '../../../db/models/user.ts';
import { administer, type Changed, listUsers } from '../../../db/models/userAdmin.ts';
import { problem } from '../../../shared/base/errors.ts';
import { note } from '../../audit/note.ts';
import type { RouteContext, State } from '../../context.ts';
import { decodeCursor, encodeCursor } from '../../cursor.ts';
import { auth, requireRole } from '../../middleware/auth.ts';
import { pathId } from '../../middleware/ids.ts';
import { bodyOf, queryOf, validate, validateQuery } from '../../middleware/validate.ts';
import { settleInBackground } from '../../runs/settle.ts';
import { presentUser } from '../presenter.ts';
import { changeBody, listQuery } from './schemas.ts';

/** Accounts of others, for administrators: who looks at one or changes one stands in the audit log. */
export const userAdminRoutes = new Router<State>({ prefix: '/users' });
const admin = requireRole('admin');

userAdminRoutes.get('/', auth, admin, validateQuery(listQuery), async (ctx: RouteContext) => {
  const { limit, cursor, ...filter } = queryOf(ctx, listQuery);
  const beforeId = cursor === undefined ? null : (decodeCursor('users', cursor, 1)[0] ?? null);
  const found = await knex.transaction(async (trx) => {
    const users = await listUsers(filter, { limit: limit + 1, beforeId }, trx);
    const ids = users.slice(0, limit).map(({ id }) => id);
    await note(ctx, 'user.listed', { details: { ids } })(null, trx);
    return users;
  });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = { data: data.map(presentUser), next_cursor: last ? encodeCursor('users', [last.id]) : null };
});

userAdminRoutes.get('/:id', auth, admin, async (ctx: RouteContext) => {
  const id = pathId(ctx);
  const user = await knex.transaction(async (trx) => {
    const found = await User.query(trx).findById(id);
    if (found === undefined) throw problem('not_found');
    await note(ctx, 'user.viewed', { subject_id: id })(id, trx);
    return found;
  });
  ctx.body = presentUser(user);
});

userAdminRoutes.patch('/:id', auth, admin, validate(changeBody), async (ctx: RouteContext) => {
  const id = pathId(ctx);
  const along = (changed: Changed, trx: Knex) => {
    const { from, to } = changed;
    return note(ctx, actionOf(changed), { subject_id: id, details: { from, to } })(id, trx);
  };
  const { user, ended } = await administer(ctx.state.user.id, id, bodyOf(ctx, changeBody), along);
  if (ended.length > 0) settleInBackground({ ended, next: null });
  ctx.body = presentUser(user);
});

function actionOf({ field, to }: Changed): string {
  if (field === 'role') return 'user.role_changed';
  return to === 'suspended' ? 'user.suspended' : 'user.reinstated';
}
