import { randomUUID } from 'node:crypto';
import { log } from '../../shared/base/log.ts';
import type { Ctx, Next } from './ctx.ts';

const SANE = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives a request one id for its answer and its log lines: the client's `X-Request-Id` if it is sane, else a new one. */
export async function requestId(ctx: Ctx, next: Next): Promise<void> {
  const given = ctx.get('X-Request-Id');
  const id = SANE.test(given) ? given : randomUUID();
  ctx.state.requestId = id;
  ctx.state.log = log.child({ request_id: id });
  ctx.set('X-Request-Id', id);
  await next();
}
