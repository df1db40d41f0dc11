import type { IncomingMessage } from 'node:http';
import { problem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from './ctx.ts';

/** Node limits the bytes of all headers (16 KiB). Beyond a certain number Node drops headers, and one of them may matter. */
const MAX_HEADERS = 100;

/** Refuses a request with too many headers, or without exactly one host. @throws Problem `bad_request` */
export async function fewHeaders(ctx: Ctx, next: Next): Promise<void> {
  if (ctx.req.rawHeaders.length > 2 * MAX_HEADERS)
    throw problem('bad_request', `The request must have at most ${MAX_HEADERS} headers`);
  requireOneHost(ctx.req);
  await next();
}

/**
 * Refuses two `Host` headers: Node keeps the first, a proxy may have routed by the second. HTTP/1.1 asks for one; HTTP/1.0 needs
 * none. @throws Problem `bad_request`
 */
export function requireOneHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  const names = rawHeaders.filter((_, i) => i % 2 === 0);
  const hosts = names.filter((name) => name.toLowerCase() === 'host').length;
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0'))
    throw problem('bad_request', 'The request must have one Host header');
}
