import type { IncomingMessage } from 'node:http';
import { problem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from './ctx.ts';

/** Node limits the bytes of all headers (16 KiB). Beyond a certain number Node drops headers, and one of them may matter. */
const MAX_HEADERS = 100;

/** Refuses a request with too many headers, and as `requireSingle` does. @throws Problem `bad_request` */
export async function fewHeaders(ctx: Ctx, next: Next): Promise<void> {
  if (ctx.req.rawHeaders.length > 2 * MAX_HEADERS)
    throw problem('bad_request', `The request must have at most ${MAX_HEADERS} headers`);
  requireSingle(ctx.req);
  await next();
}

/** Headers that decide what a request does, and have one value. */
const SINGLE = ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID', 'X-Session'];

/**
 * Refuses a header that is there twice and may be there once: Node keeps the first or joins both, and a proxy may have read the
 * second. HTTP/1.1 asks for one `Host`; HTTP/1.0 needs none. @throws Problem `bad_request`
 */
export function requireSingle({ rawHeaders, httpVersion }: IncomingMessage): void {
  const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  const times = (name: string) => names.filter((one) => one === name).length;
  const hosts = times('host');
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0'))
    throw problem('bad_request', 'The request must have one Host header');
  const twice = SINGLE.find((name) => times(name.toLowerCase()) > 1);
  if (twice !== undefined) throw problem('bad_request', `The request must have at most one ${twice} header`);
}
