import { env } from '../base/env.ts';

/**
 * Says whether an address is of a push service that PUSH_SERVICES names, or of a host below one. Whoever has an account, a guest
 * too, names where pushes go: without this, a server of anybody's choice would get our requests.
 */
export function isPushService(endpoint: string): boolean {
  const host = URL.parse(endpoint)?.hostname ?? '';
  return env.PUSH_SERVICES.some((name) => name === '*' || host === name || host.endsWith(`.${name}`));
}
