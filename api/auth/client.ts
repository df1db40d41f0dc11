import type { Client } from '../../shared/accounts/client.ts';
import type { Context } from '../middleware/context.ts';

/** Returns where a request comes from. */
export function clientOf(ctx: Context): Client {
  const userAgent = ctx.get('User-Agent').slice(0, 300) || null;
  return { userAgent, ip: ctx.ip, requestId: ctx.state.requestId };
}
