import type { Context } from '../middleware/context.ts';
import type { TakenAnswer } from '../contract/answering.ts';
import type { Sender } from '../../shared/limits/sending.ts';
import type { Taken } from '../../shared/conversations/intake.ts';
import { publicPath } from '../middleware/origin.ts';

/** An empty header is a key, and refused as one; an absent one is none. */
export function idempotencyKey(ctx: Context): string | null {
  return 'idempotency-key' in ctx.headers ? ctx.get('Idempotency-Key') : null;
}

/** Who sends, by HTTP: told by headers how much more there may be, on refusals too. */
export function senderOf(ctx: Context): Sender {
  return { user: ctx.state.user, ip: ctx.ip, tell: (headers) => ctx.set(headers) };
}

/** Answers that what was asked for is stored, and its run can be followed. */
export function answerTaken(ctx: Context & { body: TakenAnswer }, { replayed, answer }: Taken): void {
  ctx.set('Location', publicPath(`/api/v1/runs/${answer.run_id}`));
  if (replayed) ctx.set('Idempotency-Replayed', 'true');
  ctx.body = answer;
}
