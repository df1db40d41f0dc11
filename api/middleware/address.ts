import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { env } from '../../shared/base/env.ts';
import type { Ctx, Next } from './ctx.ts';

/**
 * Returns the client's address. Each of TRUST_PROXY proxies has added the address it heard from to `X-Forwarded-For`.
 * Entries further left came from the client, so they are ignored. Without such an entry it is the connected address.
 */
export function addressOf(request: IncomingMessage): string {
  const connected = plain(request.socket.remoteAddress ?? '');
  if (env.TRUST_PROXY === 0) return connected;
  const said = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').slice(-env.TRUST_PROXY);
  const address = plain(said[0] ?? '');
  return isIP(address) === 0 ? connected : address;
}

/** Returns the host that the client asked for, as its address bar shows it. */
export function hostOf(request: IncomingMessage): string {
  const forwarded = env.TRUST_PROXY > 0 ? [request.headers['x-forwarded-host'] ?? []].flat()[0] : undefined;
  return (forwarded ?? request.headers.host ?? '').split(',')[0]?.trim().toLowerCase() ?? '';
}

/** Middleware: sets `ctx.ip` to the client's address. */
export async function address(ctx: Ctx, next: Next): Promise<void> {
  ctx.request.ip = addressOf(ctx.req);
  await next();
}

/** Drops the port that some proxies add, and writes a mapped IPv4 address as IPv4. */
function plain(said: string): string {
  const text = said.trim();
  const bare = /^\[(.*)\](:\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return bare.toLowerCase().replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}
