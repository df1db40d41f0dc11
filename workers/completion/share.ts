import type { Turn } from '../../db/models/turn.ts';
import { budgeted, shareOf } from '../../shared/limits/budget.ts';
import type { ChatRequest } from '../../shared/provider/chat.ts';
import { type Ending, failed } from './ending.ts';
import { Interrupted, type Lease } from './lease.ts';

/**
 * Reserves the answer's share of the day's budget, and lowers the request's limit to it.
 * @returns the ending of a run for which nothing is left; undefined: the model may be called
 * @throws Interrupted when another process has the run
 */
export async function reserve(turn: Turn, lease: Lease, request: ChatRequest): Promise<Ending | undefined> {
  if (!budgeted) return undefined;
  const share = await shareOf({ ...turn, attempt: lease.attempt }, request.model.name, {
    prompt_tokens: promptTokens(turn),
    completion_tokens: request.max_completion_tokens,
  });
  if (share === undefined) throw new Interrupted('lost');
  if (share === 0) return failed('quota_exceeded', 'The budget of the day is used up.');
  request.max_completion_tokens = share;
  return undefined;
}

/** Says whether an answer has had its share: a chunk holds a token at least. A server may ignore the request's limit. */
export function hadItsShare(request: ChatRequest, chunks: number): boolean {
  return budgeted && chunks > request.max_completion_tokens;
}

/** Returns the tokens of the prompt by our own count. */
export function promptTokens({ context }: Pick<Turn, 'context'>): number {
  return Object.values(context?.tokens ?? {}).reduce((sum, tokens) => sum + tokens, 0);
}
