import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { env } from '../../shared/base/env.ts';
import type { Context, Next } from '../context.ts';

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

/** What limits count as one client: an address, of IPv6 its /64, which is the least that anybody is given. */
export function networkOf(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  const [before = '', after] = (ip.split('%')[0] ?? '').split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros =
    after === undefined ? [] : Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** Without the port that some proxies add, and IPv4 as itself. */
function plain(said: string): string {
  const text = said.trim();
  const bare = /^\[(.*)\](:\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return bare.toLowerCase().replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}
