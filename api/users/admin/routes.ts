import {
  administer,
  listAccounts,
  viewAccount,
  viewSessions,
} from '../../../shared/accounts/administration.ts';
import { by } from '../../audit/note.ts';
import { endSession } from '../../../shared/accounts/sessions.ts';
import { presentSession, presentUser } from '../../contract/account.ts';
import { pageOf } from '../../contract/page.ts';
import { serve } from '../../contract/serve.ts';
import { pathId } from '../../middleware/ctx.ts';
import { userAdminContract } from './contract.ts';

export const userAdmin = serve(userAdminContract, {
  'GET /api/v1/users': async (ctx) => {
    const { limit: shown, cursor: _, ...filter } = ctx.state.query;
    ctx.body = await pageOf(ctx.state.query, {
      list: 'users',
      by: ['id'],
      find: (limit, after) => listAccounts(by(ctx), filter, { limit, beforeId: after?.id ?? null, shown }),
      present: presentUser,
    });
  },

  'GET /api/v1/users/:id': async (ctx) => {
    ctx.body = presentUser(await viewAccount(by(ctx), pathId(ctx)));
  },

  'PATCH /api/v1/users/:id': async (ctx) => {
    ctx.body = presentUser(await administer(by(ctx), pathId(ctx), ctx.state.body));
  },

  'GET /api/v1/users/:id/sessions': async (ctx) => {
    const userId = pathId(ctx);
    ctx.body = await pageOf(ctx.state.query, {
      list: 'user-sessions',
      by: ['id'],
      find: (limit, after) => viewSessions(by(ctx), userId, { limit, beforeId: after?.id ?? null }),
      present: (session) => presentSession({ ...session, current: session.id === ctx.state.sid }),
    });
  },

  'DELETE /api/v1/users/:id/sessions/:session_id': async (ctx) => {
    await endSession({ id: pathId(ctx), sid: pathId(ctx, 'session_id'), by: by(ctx) });
  },
});
