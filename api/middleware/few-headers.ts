import { problem } from '../../shared/base/errors.ts';
import type { Context, Next } from '../context.ts';

/** Node bounds the bytes of all headers (16 KiB) and would drop what is beyond a number: that may be the one that matters. */
const MAX_HEADERS = 100;

/** Refuses requests that are mostly headers. Throws `bad_request`. */
export async function fewHeaders(ctx: Context, next: Next): Promise<void> {
  if (ctx.req.rawHeaders.length > 2 * MAX_HEADERS)
    throw problem('bad_request', `There are more than ${MAX_HEADERS} headers`);
  await next();
}
