import { createHash, timingSafeEqual } from 'node:crypto';
import { env } from '../base/env.ts';

/** Says whether a request may read metrics: it sends METRICS_TOKEN as `Authorization: Bearer …`, or none is set. */
export function mayScrape(authorization: string | undefined): boolean {
  if (env.METRICS_TOKEN === '') return true;
  const shown = /^Bearer +(\S+)$/i.exec(authorization?.trim() ?? '')?.[1] ?? '';
  return timingSafeEqual(hash(shown), hash(env.METRICS_TOKEN));
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
