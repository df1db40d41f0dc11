import type { IncomingMessage } from 'node:http';
import { env } from '../../shared/base/env.ts';
import { publicOrigin } from '../public.ts';
import { hostOf } from './address.ts';

/**
 * Whether a page of a site that may not call us asks. Browsers name the site in `Origin` and let no page choose it; what
 * sends none is no browser. CORS does not hold for WebSockets, so upgrades ask here.
 */
export function isForeign(request: IncomingMessage): boolean {
  const { origin } = request.headers;
  if (origin === undefined || origin === publicOrigin) return false;
  const { CORS_ALLOW_ORIGINS: allowed } = env;
  if (allowed.includes('*') || allowed.includes(origin)) return false;
  // The scheme is not compared: a proxy that ends TLS may not say so.
  return URL.parse(origin)?.host !== hostOf(request);
}
