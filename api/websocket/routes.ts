import { problem } from '../../shared/base/errors.ts';
import { authenticate } from '../../shared/accounts/authenticate.ts';
import { serve } from '../contract/serve.ts';
import { limitConnections } from '../../shared/limits/connections.ts';
import { pathId } from '../middleware/ctx.ts';
import { isForeign } from '../middleware/origin.ts';
import { isUpgrade, offeredToken, upgrade } from './upgrades.ts';
import { serveWebSocket } from './connections.ts';
import { webSocketContract } from './contract.ts';

/** Of a WebSocket's headers, browsers can set only the subprotocols. The query may hold the token too, and is never logged. */
export const webSocket = serve(webSocketContract, {
  'GET /api/v1/chat/ws/:user_id': async (ctx) => {
    if (isForeign(ctx.req)) throw problem('forbidden', 'A page of another site made this request');
    const token = ctx.query.token ?? offeredToken(ctx);
    if (typeof token !== 'string') throw problem('unauthenticated');
    const signed = await authenticate(token);
    ctx.state.user = signed.user;
    if (pathId(ctx, 'user_id') !== signed.user.id) throw problem('not_found');
    // A connection that asks for an upgrade is closed in any case, so it is not counted for long.
    if (isUpgrade(ctx)) limitConnections('socket', signed.user.id, ctx.req.socket);
    upgrade(ctx, (socket) => serveWebSocket(socket, signed, ctx.ip));
  },
});
