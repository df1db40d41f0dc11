import Router from '@koa/router';
import { problem } from '../../shared/errors.ts';
import { authenticate } from '../auth/authenticate.ts';
import type { RouteContext, State } from '../context.ts';
import { pathId } from '../middleware/ids.ts';
import { serve } from './connections.ts';
import { upgrade } from './upgrades.ts';

export const webSocketRoutes = new Router<State>({ prefix: '/chat/ws' });

/** Browsers cannot send headers with a WebSocket: the token stands in the query, which is never logged. */
webSocketRoutes.get('/:user_id', async (ctx: RouteContext) => {
  const { token } = ctx.query;
  if (typeof token !== 'string') throw problem('unauthenticated');
  const signed = await authenticate(token);
  ctx.state.user = signed.user;
  if (pathId(ctx, 'user_id') !== signed.user.id) throw problem('not_found');
  upgrade(ctx, (socket) => serve(socket, signed));
});
