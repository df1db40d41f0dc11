import { env } from '../../shared/base/env.ts';
import { redis } from '../../shared/delivery/redis.ts';

/** So many failures in a row, across all workers, and a model counts as down; milliseconds that it is left alone. */
const FAILURES = 5;
const REST = 5_000;
const LONGEST_REST = 60_000;
/** A run that failed this often on the first model tries the fallback, whatever the breaker says. */
const FALLBACK_AFTER = 2;
const FAILURES_TTL_S = 30;

/**
 * A breaker per model, shared by all workers through Redis. It is a copy of what the provider said: losing it
 * costs a few failed calls.
 */
export type Breakers = {
  /** Ms until a model may be called at all. */
  holdMs: number;
  /** The model for a run that failed so often: the first, or the fallback while that is down. */
  modelFor: (retries: number) => string;
};

/** How the breakers stand. */
export async function askBreakers(): Promise<Breakers> {
  const { CHAT_MODEL: first, CHAT_MODEL_FALLBACK: fallback } = env;
  if (fallback === '') return { holdMs: await heldBackMs(first), modelFor: () => first };
  const [firstMs, fallbackMs] = await Promise.all([heldBackMs(first), heldBackMs(fallback)]);
  return {
    holdMs: Math.min(firstMs, fallbackMs),
    modelFor: (retries) =>
      (firstMs > 0 || retries >= FALLBACK_AFTER) && fallbackMs === 0 ? fallback : first,
  };
}

/** Holds back calls to a model that said it is busy; for a minute at most, then somebody asks it again. */
export async function holdBack(model: string, ms: number): Promise<void> {
  const capped = Math.ceil(Math.min(ms, LONGEST_REST));
  if (capped > 0) await redis.set(key(model), '1', 'PX', capped).catch(() => null);
}

/** Counts a failed call; the last of a row holds the model back for a moment. */
export async function callFailed(model: string): Promise<void> {
  const failures = `${key(model)}:failures`;
  const counted = await redis
    .multi()
    .incr(failures)
    .expire(failures, FAILURES_TTL_S)
    .exec()
    .catch(() => null);
  if (Number(counted?.[0]?.[1] ?? 0) >= FAILURES) await holdBack(model, REST);
}

/** An answer came: the row of failures is broken. Never rejects; nobody need wait for it. */
export async function callSucceeded(model: string): Promise<void> {
  await redis.del(`${key(model)}:failures`).catch(() => null);
}

async function heldBackMs(model: string): Promise<number> {
  const left = await redis.pttl(key(model)).catch(() => 0);
  return Math.max(0, left);
}

function key(model: string): string {
  return `breaker:${model}`;
}
