import { chatModels, chatModelsFor, type ModelRef } from '../../shared/provider/config.ts';
import { redis } from '../../shared/delivery/redis.ts';

/** Failures in a row, across all workers, that hold a model back; ms of the hold. */
const FAILURES = 5;
const REST = 5_000;
const LONGEST_REST = 60_000;
/** Failures after which a run calls the next model, whatever the breaker says. */
const FALLBACK_AFTER = 2;
const FAILURES_TTL_S = 30;
/** Ms for which a reading of the breakers holds: others may have counted failures since. */
const FRESH = 1_000;
/** Ms for which a model with a wrong key, quota or name comes last. */
const ASKED_LAST = 30_000;

/**
 * A breaker per model, shared by all workers through Redis. Its loss costs a few failed calls.
 */
export type Breakers = {
  /** Ms until any model may be called. */
  holdMs: number;
  /** Whether a model is held back. */
  someHeld: boolean;
  /** Whether failures of a model may be counted, which an answer clears. */
  mayHaveFailed: (model: string) => boolean;
  /** Returns the models for a run after `retries` failures, in the order of calls; an assistant's own comes first. */
  modelsFor: (retries: number, own: string | null) => ModelRef[];
};

/** Reads the breakers of all chat models, and which models failed. */
export async function askBreakers(): Promise<Breakers> {
  const models = chatModels();
  const keys = models.flatMap(({ name }) => [key(name), failuresKey(name)]);
  const asked = performance.now();
  const kept = await redis.mget(keys).catch(() => []);
  const has = new Set(keys.filter((_, i) => typeof kept[i] === 'string'));
  const held = await Promise.all(
    models.map(async (model) => ({ model, ms: has.has(key(model.name)) ? await heldBackMs(model.name) : 0 })),
  );
  const free = held.filter(({ ms }) => ms === 0).map(({ model }) => model);
  return {
    holdMs: Math.min(...held.map(({ ms }) => ms)),
    someHeld: free.length < models.length,
    mayHaveFailed: (model) => has.has(failuresKey(model)) || performance.now() - asked > FRESH,
    modelsFor(retries, own) {
      const inOrder = chatModelsFor(own);
      const asked = free.length > 0 ? inOrder.filter((model) => free.includes(model)) : inOrder;
      const first = Math.min(Math.floor(retries / FALLBACK_AFTER), asked.length - 1);
      const turned = [...asked.slice(first), ...asked.slice(0, first)];
      return turned.toSorted((a, b) => Number(isAskedLast(a)) - Number(isAskedLast(b)));
    },
  };
}

/** By model name: the time until which this process calls the model last. */
const askedLast = new Map<string, number>();

/** Puts a model last in this process for a while: its failure is not specific to a request. */
export function askLast({ name }: ModelRef): void {
  askedLast.set(name, Date.now() + ASKED_LAST);
}

/** Forgets which models are asked last; for tests. */
export function forgetAskedLast(): void {
  askedLast.clear();
}

function isAskedLast({ name }: ModelRef): boolean {
  return (askedLast.get(name) ?? 0) > Date.now();
}

/** Holds back a busy model, for a minute at most. */
export async function holdBack(model: string, ms: number): Promise<void> {
  const capped = Math.ceil(Math.min(ms, LONGEST_REST));
  if (capped > 0) await redis.set(key(model), '1', 'PX', capped).catch(() => null);
}

/** Counts a failed call. The last failure of the row holds the model back. */
export async function callFailed(model: string): Promise<void> {
  const failures = failuresKey(model);
  const counted = await redis
    .multi()
    .incr(failures)
    .expire(failures, FAILURES_TTL_S)
    .exec()
    .catch(() => null);
  if (Number(counted?.[0]?.[1] ?? 0) >= FAILURES) await holdBack(model, REST);
}

/** Clears a model's failures after an answer. Never rejects; callers need not wait. */
export async function callSucceeded(model: string): Promise<void> {
  await redis.del(failuresKey(model)).catch(() => null);
}

async function heldBackMs(model: string): Promise<number> {
  const left = await redis.pttl(key(model)).catch(() => 0);
  return Math.max(0, left);
}

function key(model: string): string {
  return `breaker:${model}`;
}

function failuresKey(model: string): string {
  return `${key(model)}:failures`;
}
