import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { env } from '../../shared/base/env.ts';
import type { Context, Next } from './context.ts';

/**
 * The client's address: what TRUST_PROXY proxies say of it in `X-Forwarded-For`, each having added whom it heard from,
 * else whoever is connected. What stands further left in that header came from the client and is not believed.
 */
export function addressOf(request: IncomingMessage): string {
  const connected = plain(request.socket.remoteAddress ?? '');
  if (env.TRUST_PROXY === 0) return connected;
  const said = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').slice(-env.TRUST_PROXY);
  const address = plain(said[0] ?? '');
  return isIP(address) === 0 ? connected : address;
}

/** The host that the client asked for, as it stands in its address bar. */
export function hostOf(request: IncomingMessage): string {
  const forwarded = env.TRUST_PROXY > 0 ? [request.headers['x-forwarded-host'] ?? []].flat()[0] : undefined;
  return (forwarded ?? request.headers.host ?? '').split(',')[0]?.trim().toLowerCase() ?? '';
}

/** Middleware: `ctx.ip` is the client's address everywhere. */
export async function address(ctx: Context, next: Next): Promise<void> {
  ctx.request.ip = addressOf(ctx.req);
  await next();
}

/** Without the port that some proxies add, and IPv4 as itself. */
function plain(said: string): string {
  const text = said.trim();
  const bare = /^\[(.*)\](:\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return bare.toLowerCase().replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}
