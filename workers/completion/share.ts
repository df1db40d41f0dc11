import { waitedMs } from '../../db/models/run.ts';
import type { Turn } from '../../db/models/turn.ts';
import { budgeted, shareOf } from '../../shared/limits/budget.ts';
import type { ChatRequest } from '../../shared/provider/chat.ts';
import { type Ending, failed } from './ending.ts';
import { Interrupted, type Lease } from './lease.ts';

/** Bounds of one wait for the shares of others, and of all waits together, in ms. Each wait is as long as all before it. */
const [SOONEST, LATEST, WAIT_LIMIT] = [1_000, 5_000, 300_000];

/** Thrown where other answers have reserved the tokens that this one wants. */
export class Held extends Error {
  readonly delayMs: number;
  constructor(delayMs: number) {
    super('others hold the budget');
    this.delayMs = delayMs;
  }
}

/**
 * Reserves the answer's share of the day's budget, and lowers the request's limit to it.
 * @returns the ending of a run for which nothing is left; undefined: the model may be called
 * @throws Held; Interrupted when another process has the run
 */
export async function reserve(turn: Turn, lease: Lease, request: ChatRequest): Promise<Ending | undefined> {
  if (!budgeted) return undefined;
  const tokens = { prompt_tokens: promptTokens(turn), completion_tokens: request.max_completion_tokens };
  const of = (waits: boolean) =>
    shareOf({ ...turn, attempt: lease.attempt }, request.model.name, tokens, waits);
  let share = await of(true);
  if (share === 'later') {
    const waited = await waitedMs(turn.run_id);
    if (waited < WAIT_LIMIT) throw new Held(Math.min(Math.max(waited, SOONEST), LATEST));
    share = await of(false);
  }
  if (share === undefined) throw new Interrupted('lost');
  if (share === 0 || share === 'later') return failed('quota_exceeded', 'The budget of the day is used up.');
  request.max_completion_tokens = share;
  return undefined;
}

/**
 * Says whether an answer has used its share, where a server ignores the request's limit. A chunk counts as one token: it holds
 * at least one.
 */
export function hadItsShare(request: ChatRequest, chunks: number): boolean {
  return budgeted && chunks > request.max_completion_tokens;
}

/** Returns the tokens of the prompt by our own count. */
export function promptTokens({ context }: Pick<Turn, 'context'>): number {
  return Object.values(context?.tokens ?? {}).reduce((sum, tokens) => sum + tokens, 0);
}
