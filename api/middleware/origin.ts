import type { IncomingMessage } from 'node:http';
import { env } from '../../shared/base/env.ts';
import { hostOf } from './address.ts';

/**
 * Says whether a request comes from a page of a site that may not call the API. Browsers set `Origin`, and pages cannot
 * change it. A request without `Origin` is not from such a page. CORS does not cover WebSockets, so upgrades ask here.
 */
export function isForeign(request: IncomingMessage): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  return !env.CORS_ALLOW_ORIGINS.includes('*') && !isOurs(origin, request);
}

/**
 * Says whether a request with a cookie comes from a page that may use it: of this host, of PUBLIC_URL, or of an origin
 * that CORS_ALLOW_ORIGINS names (`*` names none). A request without both headers is not from a browser.
 */
export function isOwnPage(request: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site = 'none' } = request.headers;
  if (origin === undefined) return site === 'none' || site === 'same-origin';
  return isOurs(origin, request);
}

/**
 * Says whether a request comes from a page of this very origin, by the two headers in which browsers say so. No list and no other
 * host of the same site counts. A request without both headers does not come from such a page.
 */
export function isSameOrigin(request: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  return site === 'same-origin' && origin !== undefined && isOurHost(origin, request);
}

function isOurs(origin: string, request: IncomingMessage): boolean {
  return env.CORS_ALLOW_ORIGINS.includes(origin) || isOurHost(origin, request);
}

/** Compares hosts but not schemes: a proxy that ends TLS may not say so. */
function isOurHost(origin: string, request: IncomingMessage): boolean {
  const host = URL.parse(origin)?.host;
  return host !== undefined && (host === hostOf(request) || host === URL.parse(env.PUBLIC_URL)?.host);
}

const url = env.PUBLIC_URL === '' ? null : new URL(env.PUBLIC_URL);

/** The origin of PUBLIC_URL; undefined where that is not set. */
export const publicOrigin = url?.origin;

/** Returns a path of ours as browsers ask for it: where a proxy strips a prefix, PUBLIC_URL names it. */
export function publicPath(path: string): string {
  return `${url === null || url.pathname === '/' ? '' : url.pathname}${path}`;
}
