import {
  type Chosen,
  type ContextRecord,
  loadAsked,
  loadTurn,
  partsOf,
  saveContext,
  saveVerdict,
  type Turn,
  type Verdict,
} from '../db/models/turn.ts';
import { env } from '../shared/base/env.ts';

/**
 * What moderation and context of one delivery share where one process works both: the statement that loads the run, and the one
 * that stores what they decided. Jobs share by their id, which carries the generation: a job of a later delivery, which messages
 * may have joined, never gets what was loaded before. Whatever cannot be shared each stage does by itself.
 */
let both = false;

/** Notes whether this process works moderation and context. */
export function workTogether(worked: boolean): void {
  both = worked;
}

/** The part of a job that tells a delivery. */
type Delivered = { id?: string | undefined; data: { run_id: number } };

/** Loads a run for moderation; see loadTurn. */
export function loadForModeration(job: Delivered): Promise<Turn | undefined> {
  return both ? loadOnce(job) : loadTurn(job.data.run_id);
}

/** Loads a run for the context stage; see loadAsked. */
export function loadForContext(job: Delivered): Promise<(Turn & Chosen) | undefined> {
  return loadOnce(job);
}

const loads = new Map<string, ReturnType<typeof loadAsked>>();

/**
 * Loads a run, or shares a load that is under way. No load is kept for later: rights are asked shortly before a text leaves.
 * The second job repeats a load that failed, so that each failure is counted once.
 */
function loadOnce({ id, data }: Delivered): ReturnType<typeof loadAsked> {
  const load = () => loadAsked(data.run_id, env.HISTORY_LIMIT);
  if (!both || id === undefined) return load();
  const underWay = loads.get(id);
  if (underWay !== undefined) return underWay.catch(load);
  const begun = load().finally(() => loads.delete(id));
  loads.set(id, begun);
  return begun;
}

/** A context that is being decided in this process, and the verdict that waits to be stored with it. */
type Deciding = { turn: Turn; verdict: Verdict | null; stored: PromiseWithResolvers<boolean> };
const contexts = new Map<string, Deciding>();

/**
 * Decides a run's context, and stores it with the verdict that came meanwhile.
 * @param decide gets the function that stores the context
 */
export async function storeContext(
  { id }: Delivered,
  turn: Turn,
  decide: (save: (context: ContextRecord, questionTokens: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const deciding: Deciding = { turn, verdict: null, stored: Promise.withResolvers() };
  const open = both && id !== undefined && !contexts.has(id);
  if (open) contexts.set(id, deciding);
  const close = () => open && contexts.delete(id);
  let stored = false;
  try {
    await decide(async (context, questionTokens) => {
      // A verdict that comes from now on is stored by moderation.
      close();
      stored = await saveContext(turn, context, questionTokens, deciding.verdict);
    });
  } finally {
    close();
    deciding.stored.resolve(stored);
  }
}

/**
 * Stores moderation's verdict; see saveVerdict. Where the context of the same messages is being decided here, waits for it: the
 * answer needs both. Context never waits for a verdict: a slow provider of verdicts would hold up its slots.
 */
export async function storeVerdict({ id }: Delivered, turn: Turn, verdict: Verdict): Promise<void> {
  const context = contexts.get(id ?? '');
  if (context?.verdict === null && partsOf(context.turn).parts === partsOf(turn).parts) {
    context.verdict = verdict;
    if (await context.stored.promise) return;
  }
  await saveVerdict(turn, verdict);
}
