import type { Channel } from '../../db/models/run.ts';
import type { Ctx } from '../middleware/ctx.ts';
import type { TakenAnswer } from '../contract/answering.ts';
import type { Sender } from '../../shared/limits/sending.ts';
import type { Taken } from '../../shared/conversations/intake.ts';
import { publicPath } from '../middleware/origin.ts';

/** Returns the idempotency key; null without the header. An empty header is a key, which `checkKey` refuses. */
export function idempotencyKey(ctx: Ctx): string | null {
  return 'idempotency-key' in ctx.headers ? ctx.get('Idempotency-Key') : null;
}

/** Returns the sender of an HTTP request. Rate headers go on every answer, also on refusals. */
export function senderOf(ctx: Ctx): Sender {
  return { user: ctx.state.user, ...wayOf(ctx) };
}

function wayOf(ctx: Ctx): Required<Pick<Sender, 'ip' | 'channel' | 'tell'>> {
  return { ip: ctx.ip, channel: channelOf(ctx), tell: (headers) => ctx.set(headers) };
}

/**
 * Returns the sender of a request whose act checks the session. A repeated key must find the same request, and the language is
 * part of it. Without a language in the message this reads the user's own.
 */
export async function actingSender(
  ctx: Ctx,
  key: string | null,
  language: string | undefined,
): Promise<Sender> {
  const { sender } = ctx.state;
  if (sender === undefined) throw new Error('authInAct did not run');
  const user = key !== null && language === undefined ? await sender.signed() : { id: sender.id };
  return { user, sid: sender.sid, ...wayOf(ctx) };
}

/**
 * Returns where a message comes from. Our pages name themselves in a header; for others the browser says whether the page is
 * ours.
 */
function channelOf(ctx: Ctx): Channel {
  const said = ctx.get('X-Channel');
  if (said === 'web' || said === 'widget') return said;
  return ctx.get('Sec-Fetch-Site') === 'same-origin' ? 'web' : 'api';
}

/** Answers that the message is stored, with the address of its run, or else of its conversation's messages. */
export function answerTaken(ctx: Ctx & { body: TakenAnswer }, { replayed, answer }: Taken): void {
  const { run_id, conversation_id } = answer;
  const where = run_id === null ? `conversations/${conversation_id}/messages` : `runs/${run_id}`;
  ctx.set('Location', publicPath(`/api/v1/${where}`));
  if (replayed) ctx.set('Idempotency-Replayed', 'true');
  ctx.body = answer;
}
