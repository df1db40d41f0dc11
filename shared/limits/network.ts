import { isIP } from 'node:net';
import { hidden } from '../base/hidden.ts';

/** Returns the name of a client's network in keys of Redis, which hold no address. */
export function networkKey(ip: string): string {
  return hidden('network', networkOf(ip)).slice(0, 22);
}

/** Returns what limits count as one client: an IPv4 address, or the /64 of an IPv6 address, the smallest network given out. */
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
