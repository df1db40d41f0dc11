import { chatModels, chatModelsFor, type ModelRef } from '../../shared/provider/config.ts';
import { redis } from '../../shared/delivery/redis.ts';

/** So many failures in a row, across all workers, and a model counts as down; milliseconds that it is left alone. */
const FAILURES = 5;
const REST = 5_000;
const LONGEST_REST = 60_000;
/** After so many failures a run tries the next model of the order, whatever the breaker says. */
const FALLBACK_AFTER = 2;
const FAILURES_TTL_S = 30;
/** Milliseconds that a model whose key, quota or name is wrong is asked last. */
const ASKED_LAST = 30_000;

/**
 * A breaker per model, shared by all workers through Redis. It is a copy of what the provider said: losing it
 * costs a few failed calls.
 */
export type Breakers = {
  /** Ms until a model may be called at all. */
  holdMs: number;
  /** Whether some model is held back: the others are not all there are. */
  someHeld: boolean;
  /** The models for a run that failed so often, in the order in which they are to be asked; an assistant's own comes first. */
  modelsFor: (retries: number, own: string | null) => ModelRef[];
};

/** How the breakers stand. */
export async function askBreakers(): Promise<Breakers> {
  const models = chatModels();
  const held = await Promise.all(models.map(async (model) => ({ model, ms: await heldBackMs(model.name) })));
  const free = held.filter(({ ms }) => ms === 0).map(({ model }) => model);
  return {
    holdMs: Math.min(...held.map(({ ms }) => ms)),
    someHeld: free.length < models.length,
    modelsFor(retries, own) {
      const inOrder = chatModelsFor(own);
      const asked = free.length > 0 ? inOrder.filter((model) => free.includes(model)) : inOrder;
      const first = Math.min(Math.floor(retries / FALLBACK_AFTER), asked.length - 1);
      const turned = [...asked.slice(first), ...asked.slice(0, first)];
      return turned.toSorted((a, b) => Number(isAskedLast(a)) - Number(isAskedLast(b)));
    },
  };
}

/** Until when this process asks a model after all others, by its name. */
const askedLast = new Map<string, number>();

/** Notes that a model will not answer anybody for now: the others come first. */
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
