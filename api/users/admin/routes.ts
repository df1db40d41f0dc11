import type { Knex } from 'knex';
import { knex } from '../../../db/knex.ts';
import { User } from '../../../db/models/user.ts';
import { administer, type Changed, listUsers } from '../../../db/models/userAdmin.ts';
import { found } from '../../../shared/base/errors.ts';
import { note } from '../../audit/note.ts';
import { presentUser } from '../../contract/account.ts';
import { pageOf } from '../../contract/page.ts';
import { serve } from '../../contract/serve.ts';
import { pathId } from '../../middleware/ids.ts';
import { settleInBackground } from '../../../shared/delivery/settle.ts';
import { userAdminContract } from './contract.ts';

export const userAdmin = serve(userAdminContract, {
  'GET /api/v1/users': async (ctx) => {
    const { limit, cursor, ...filter } = ctx.state.query;
    ctx.body = await pageOf(
      { limit, cursor },
      {
        list: 'users',
        by: ['id'],
        find: (count, after) =>
          knex.transaction(async (trx) => {
            const users = await listUsers(filter, { limit: count, beforeId: after?.id ?? null }, trx);
            const ids = users.slice(0, limit).map(({ id }) => id);
            await note(ctx, 'user.listed', { details: { ids } })(null, trx);
            return users;
          }),
        present: presentUser,
      },
    );
  },

  'GET /api/v1/users/:id': async (ctx) => {
    const id = pathId(ctx);
    const user = await knex.transaction(async (trx) => {
      const viewed = found(await User.query(trx).findById(id));
      await note(ctx, 'user.viewed', { subject_id: id })(id, trx);
      return viewed;
    });
    ctx.body = presentUser(user);
  },

  'PATCH /api/v1/users/:id': async (ctx) => {
    const id = pathId(ctx);
    const along = (changed: Changed, trx: Knex) => {
      const { from, to } = changed;
      return note(ctx, actionOf(changed), { subject_id: id, details: { from, to } })(id, trx);
    };
    const { user, ended } = await administer(ctx.state.user.id, id, ctx.state.body, along);
    if (ended.length > 0) settleInBackground({ ended, next: null });
    ctx.body = presentUser(user);
  },
});

function actionOf({ field, to }: Changed): string {
  if (field === 'role') return 'user.role_changed';
  return to === 'suspended' ? 'user.suspended' : 'user.reinstated';
}
