import { administer, listAccounts, viewAccount } from '../../../shared/accounts/administration.ts';
import { by } from '../../audit/note.ts';
import { presentUser } from '../../contract/account.ts';
import { pageOf } from '../../contract/page.ts';
import { serve } from '../../contract/serve.ts';
import { pathId } from '../../middleware/context.ts';
import { userAdminContract } from './contract.ts';

export const userAdmin = serve(userAdminContract, {
  'GET /api/v1/users': async (ctx) => {
    const { limit: shown, cursor, ...filter } = ctx.state.query;
    ctx.body = await pageOf(
      { limit: shown, cursor },
      {
        list: 'users',
        by: ['id'],
        find: (limit, after) => listAccounts(by(ctx), filter, { limit, beforeId: after?.id ?? null, shown }),
        present: presentUser,
      },
    );
  },

  'GET /api/v1/users/:id': async (ctx) => {
    ctx.body = presentUser(await viewAccount(by(ctx), pathId(ctx)));
  },

  'PATCH /api/v1/users/:id': async (ctx) => {
    ctx.body = presentUser(await administer(by(ctx), pathId(ctx), ctx.state.body));
  },
});
