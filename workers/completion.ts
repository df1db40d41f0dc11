import type { Job } from 'bullmq';
import { claimRun, finishRun, type Kept, type Outcome, releaseRun, waitedMs } from '../db/models/run.ts';
import { replaceContext, type Turn } from '../db/models/turn.ts';
import { isUnreachable, ranTooLong } from '../shared/base/errors.ts';
import { parametersOf } from '../shared/assistants/parameters.ts';
import { generationOf, type Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { addLogFields, log } from '../shared/base/log.ts';
import { runRestarts, runStage, runsEnded } from '../shared/ops/metrics.ts';
import { chatModels, type ModelRef } from '../shared/provider/config.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';
import { settle } from '../shared/delivery/runs.ts';
import { traced } from '../shared/ops/tracing.ts';
import { type Claimed, answer, sourcesOf, titleOf } from './completion/answer.ts';
import {
  askBreakers,
  askLast,
  type Breakers,
  callFailed,
  callSucceeded,
  holdBack,
} from './completion/breaker.ts';
import { type Ending, failed, TOO_SLOW, UNCHECKED } from './completion/ending.ts';
import { Interrupted, LEASE, Lease } from './completion/lease.ts';
import { Held as SharesHeld } from './completion/share.ts';
import { judgeBeside, Postponed } from './completion/verdict.ts';
import { Writer } from './completion/writer.ts';
import { shrinkContext } from './context/shrink.ts';
import { afterTimeout, giveUp, patiently, TooSlow } from './completion/timeouts.ts';
import { RetryIn, waitFor } from './work.ts';

/** Claims of a run after unreleased leases; the third one ends the run. */
const CRASH_LIMIT = 3;
/** Limit of retries after a provider's failure; first wait, in ms. */
const RETRY_LIMIT = 5;
const RETRY_FIRST = 500;
/** Ms until the next try while Postgres is unreachable. */
const AWAY = 1_000;
/** Ms since the end of a run began. After this time another process may have announced the end: read the row first. */
const FRESH = 100;

/** Claims a run, streams its answer, ends the run. The run's row decides at any time which worker may continue. */
export async function completion(job: Job<Payloads['completion']>): Promise<void> {
  const { run_id, beside = false } = job.data;
  const breakers = await askBreakers();
  const asked = performance.now();
  const claim = await traced('claim', {}, () =>
    claimRun(run_id, {
      leaseMs: LEASE,
      crashLimit: CRASH_LIMIT,
      holdMs: breakers.holdMs,
      generation: generationOf(job.id),
    }),
  ).catch((err: unknown) => afterSlowClaim(run_id, err));
  if (claim.outcome === 'gone') return;
  addLogFields({ request_id: claim.request_id, user_id: claim.user_id });
  if (claim.outcome === 'busy') throw new RetryIn(claim.retry_in_ms);
  if (claim.outcome === 'ended') return settle({ next: claim.next, ended: [run_id] });
  if (claim.outcome === 'unprepared') return settle({ next: claim.next, ended: [] });

  killPoint('completion.claimed', run_id);
  if (claim.attempt > 1) runRestarts.inc({ reason: 'claimed_again' });
  const lease = new Lease(run_id, claim.attempt, asked);
  try {
    await answerClaimed(claim, breakers, lease, beside);
  } catch (err) {
    // Another process has the run, and announces its end.
    if (!(err instanceof Interrupted)) throw err;
    log.info({ why: err.why }, 'Run lost; this attempt ends');
  } finally {
    lease.letGo();
  }
}

/**
 * Waits after a claim that exceeded its time limit, or ends a run whose claims always do. Such a claim may have been committed:
 * then its lease runs out, and the next claim counts a crash.
 * @returns 'gone' when the run ended here
 * @throws RetryIn; errors that are not a time limit of Postgres
 */
async function afterSlowClaim(runId: number, err: unknown): Promise<{ outcome: 'gone' }> {
  if (!ranTooLong(err)) throw err;
  log.warn({ err }, 'Claim timed out; tried again, or the run fails');
  const wait = await afterTimeout(runId);
  if (wait !== null) throw new RetryIn(wait);
  const ended = await giveUp(runId, null);
  if (ended === undefined) throw new RetryIn(AWAY);
  await settle({ next: ended.next, ended: [runId] });
  return { outcome: 'gone' };
}

async function answerClaimed(turn: Turn, breakers: Breakers, lease: Lease, beside: boolean): Promise<void> {
  const held = { turn, breakers, lease, verdict: null };
  if (!beside || turn.moderation !== null) return answerJudged(held);
  const judging = new AbortController();
  const verdict = judgeBeside(turn, AbortSignal.any([lease.signal, judging.signal]));
  // `answer` awaits the verdict, but may never run. Without this line the rejection would then end the process.
  verdict.catch(() => {});
  try {
    await answerJudged({ ...held, verdict });
  } finally {
    // Whoever claims the run next asks for the verdict again.
    judging.abort();
  }
}

/** A claimed run, and what its answer needs. */
type Held = Claimed & { breakers: Breakers };

async function answerJudged(claimed: Omit<Held, 'writer'>): Promise<void> {
  const held: Held = { ...claimed, writer: Writer.begin(claimed.turn, claimed.lease) };
  try {
    await answerHeld(held);
  } catch (err) {
    if (!(err instanceof TooSlow)) throw err;
    await endTooSlow(held);
  }
}

async function answerHeld(held: Held): Promise<void> {
  const { turn, breakers, verdict } = held;
  // With a stored verdict, the claim itself holds the run back.
  if (verdict !== null && breakers.holdMs > 0) return release(held, { delayMs: breakers.holdMs });
  const models = breakers.modelsFor(turn.retries, turn.assistant?.model ?? null);
  for (const [i, model] of models.entries()) {
    let ending: Ending;
    try {
      ending = await answer(held, model);
      if (ending.model && breakers.mayHaveFailed(ending.model)) void callSucceeded(ending.model);
    } catch (err) {
      const elsewhere = err instanceof ProviderError && err.elsewhere;
      if (elsewhere) askLast(model);
      if (elsewhere && i + 1 < models.length) {
        if (held.writer.content === '') continue;
        // A retry must first take back the text that was shown.
        if (turn.retries + 1 < RETRY_LIMIT) return release(held, { retried: true });
      }
      return conclude(held, model, err);
    }
    // Outside the try: an error at the end must not discard the answer.
    return finish(held, ending);
  }
}

/** Ends a run after a failed answer, or releases the run for a later answer. */
async function conclude(held: Held, model: ModelRef, err: unknown): Promise<void> {
  const { turn, lease, breakers } = held;
  if (err instanceof Interrupted) {
    if (err.why === 'lost') throw err;
    if (err.why === 'cancelled') return finish(held, { status: 'cancelled', model: model.name });
    return release(held, {});
  }
  if (err instanceof SharesHeld) return release(held, { delayMs: err.delayMs, waits: true });
  // The chat model is not held back for moderation's sake.
  if (err instanceof Postponed) return comeBack(held, null, unchecked(err.trouble));
  // Neither case is the provider's failure: a statement was too slow, or Postgres was unreachable.
  if (ranTooLong(err)) {
    log.warn({ err }, 'Statement timed out; the run is tried again or fails');
    const wait = await afterTimeout(turn.run_id);
    if (wait === null) return finish(held, { ...TOO_SLOW, model: model.name });
    return release(held, { delayMs: wait });
  }
  if (isUnreachable(err)) return release(held, { delayMs: AWAY });
  const trouble = asProviderError(err);
  const { code, message } = trouble;
  const ending = { ...failed(code, message), model: model.name };
  log.warn(
    { err, trouble: trouble.trouble, retries: turn.retries },
    'Answer interrupted; the run is tried again or fails',
  );
  if (trouble.comeBack) return comeBack(held, model, trouble);
  if (code === 'context_length_exceeded' && turn.context?.shrunk === false) {
    const shrunk = shrinkContext(turn.context, turn);
    await patiently(turn.run_id, () => replaceContext(turn.run_id, lease.attempt, shrunk));
    return release(held, {});
  }
  // Models that are held back may answer later.
  if (trouble.elsewhere && breakers.someHeld) return comeBack(held, null, trouble);
  if (trouble.trouble === 'rejected') return finish(held, ending);

  if (err instanceof ProviderError && !err.inStream) await callFailed(model.name);
  if (turn.retries + 1 >= RETRY_LIMIT) return finish(held, ending);
  const delayMs = RETRY_FIRST * 2 ** turn.retries * (0.75 + Math.random() / 2);
  await release(held, { delayMs, retried: true });
}

/**
 * Releases a run for as long as its provider asks. Ends the run when the waits exceed the limit.
 * @param model to hold back for all runs; null: wait for the models that are already held back
 */
async function comeBack(held: Held, model: ModelRef | null, trouble: ProviderError): Promise<void> {
  const { turn } = held;
  const waited = await patiently(turn.run_id, () => waitedMs(turn.run_id));
  const delayMs = waitFor(trouble, waited);
  if (delayMs === null) {
    const ending = failed(trouble.code, trouble.message);
    return finish(held, { ...ending, ...(model && { model: model.name }) });
  }
  // An error within a stream holds nobody else back. The run waits itself, and then asks the other models first.
  if (model !== null && trouble.inStream) askLast(model);
  else if (model !== null) await holdBack(model.name, delayMs);
  const { holdMs } = await askBreakers();
  // Another model of the order may be free.
  const free = model !== null && !trouble.inStream && chatModels().length > 1 && holdMs === 0;
  return release(held, { delayMs: free ? 0 : delayMs, waits: true });
}

async function finish({ turn, writer, lease }: Held, ending: Ending): Promise<void> {
  const end = runStage.startTimer({ stage: 'ending' });
  const lastSeq = await patiently(turn.run_id, () => writer.end());
  killPoint('completion.streamed', turn.run_id);
  const { offered, sources } = sourcesOf(turn, ending, writer.content);
  const outcome: Outcome = {
    ...ending,
    content: writer.content,
    parameters: ending.model === undefined ? null : parametersOf(turn.assistant),
    sources,
    ...(!ending.filtered && { title: titleOf(turn.question) }),
  };
  const asked = performance.now();
  const finished = await traced('finish', {}, () =>
    patiently(turn.run_id, () => finishRun(turn.run_id, lease.attempt, lastSeq, outcome)),
  );
  if (finished === undefined) throw new Interrupted('lost');
  killPoint('completion.finished', turn.run_id);
  log.info({ status: finished.status, attempt: lease.attempt }, 'Run ended');
  const fresh = performance.now() - asked < FRESH;
  await settle({
    next: finished.next,
    ended: [fresh ? { ...finished, offered } : turn.run_id, ...finished.ended],
    news: finished.news ? turn.conversation_id : null,
  });
  runsEnded.inc({ status: finished.status });
  end();
}

/** Stores the shown text and releases the run. Its job returns when the run is due. */
async function release(
  { turn, writer, lease }: Held,
  { delayMs = 0, retried = false, waits = false }: Partial<Kept>,
): Promise<void> {
  const lastSeq = await patiently(turn.run_id, () => writer.end());
  const kept = { content: writer.content, lastSeq, delayMs, retried, waits };
  killPoint('completion.releasing', turn.run_id);
  const dueInMs = await patiently(turn.run_id, () => releaseRun(turn.run_id, lease.attempt, kept));
  if (dueInMs === undefined) throw new Interrupted('lost');
  throw new RetryIn(dueInMs);
}

/** Ends a run whose end cannot be stored in time. The fence says whether an end was stored after all. @throws Interrupted */
async function endTooSlow({ turn, writer, lease }: Held): Promise<void> {
  const ended = await giveUp(turn.run_id, { attempt: lease.attempt, content: writer.content });
  if (ended === undefined) throw new Interrupted('lost');
  log.warn({ attempt: lease.attempt }, 'Run ended: its statements are too slow');
  await settle({ next: ended.next, ended: [turn.run_id] });
  runsEnded.inc({ status: 'failed' });
}

/** Returns a failure of moderation under the code that a run without a verdict ends with. */
function unchecked({ trouble, cause, retryAfterMs }: ProviderError): ProviderError {
  return new ProviderError(trouble, ...UNCHECKED, { cause, retryAfterMs });
}

/** Wraps an internal error, to retry it like a provider's: the conversation must not hang. */
function asProviderError(err: unknown): ProviderError {
  if (err instanceof ProviderError) return err;
  return new ProviderError('unavailable', 'internal_error', 'Something went wrong here.', { cause: err });
}
