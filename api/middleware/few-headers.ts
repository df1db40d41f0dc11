import type { IncomingMessage } from 'node:http';
import { problem } from '../../shared/base/errors.ts';
import type { Context, Next } from './context.ts';

/** Node bounds the bytes of all headers (16 KiB) and would drop what is beyond a number: that may be the one that matters. */
const MAX_HEADERS = 100;

/** Refuses requests that are mostly headers, and those for two hosts. Throws `bad_request`. */
export async function fewHeaders(ctx: Context, next: Next): Promise<void> {
  if (ctx.req.rawHeaders.length > 2 * MAX_HEADERS)
    throw problem('bad_request', `There are more than ${MAX_HEADERS} headers`);
  refuseTwoHosts(ctx.req);
  await next();
}

/** Node keeps the first `Host`, a proxy may have routed by the second. Throws `bad_request`. */
export function refuseTwoHosts({ rawHeaders }: IncomingMessage): void {
  const names = rawHeaders.filter((_, i) => i % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === 'host').length > 1)
    throw problem('bad_request', 'The header Host must be there once');
}
