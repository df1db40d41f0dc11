import type { IncomingMessage } from 'node:http';
import { problem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from './ctx.ts';

/** Node limits the bytes of all headers (16 KiB). Beyond a certain number Node drops headers, and one of them may matter. */
const MAX_HEADERS = 100;

/** Refuses a request with too many headers or with two hosts. @throws Problem `bad_request` */
export async function fewHeaders(ctx: Ctx, next: Next): Promise<void> {
  if (ctx.req.rawHeaders.length > 2 * MAX_HEADERS)
    throw problem('bad_request', `The request must have at most ${MAX_HEADERS} headers`);
  refuseTwoHosts(ctx.req);
  await next();
}

/** Refuses two `Host` headers: Node keeps the first, a proxy may have routed by the second. @throws Problem `bad_request` */
export function refuseTwoHosts({ rawHeaders }: IncomingMessage): void {
  const names = rawHeaders.filter((_, i) => i % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === 'host').length > 1)
    throw problem('bad_request', 'The request must have one Host header');
}
