import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { claimRun, finishRun, type Outcome, releaseRun } from '../db/models/run.ts';
import { replaceContext, type Turn } from '../db/models/turn.ts';
import { isUnreachable, ranTooLong } from '../shared/base/errors.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { addLogContext, log } from '../shared/base/log.ts';
import { runRestarts, runStage, runsEnded } from '../shared/ops/metrics.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';
import { settle } from '../shared/delivery/runs.ts';
import { traced } from '../shared/ops/tracing.ts';
import { answer, PARAMETERS, sourcesOf, titleOf } from './completion/answer.ts';
import { askBreakers, callFailed, callSucceeded, holdBack } from './completion/breaker.ts';
import { type Ending, failed } from './completion/ending.ts';
import { Interrupted, LEASE, Lease } from './completion/lease.ts';
import { Writer } from './completion/writer.ts';
import { shrinkContext } from './context/shrink.ts';
import { afterTimeout, TOO_SLOW } from './timeouts.ts';
import { RetryIn } from './work.ts';

/** The third claim over a lease that nobody released ends the run. */
const CRASH_LIMIT = 3;
/** How often a provider's failure is answered with another try, and how long the first wait is, in ms. */
const RETRY_LIMIT = 5;
const RETRY_FIRST = 500;
/** Ms until a run that Postgres could not serve is tried again. */
const AWAY = 1_000;
/** Ms since ending a run began. Later somebody else may have announced it, and its row is asked before it is told. */
const FRESH = 100;

/** Claims a run, streams its answer, ends it. Whatever happens in between, the run's row says who may go on. */
export async function completion(job: Job<Payloads['completion']>): Promise<void> {
  const { run_id } = job.data;
  const breakers = await askBreakers();
  const asked = performance.now();
  const claim = await traced('claim', {}, () => claimRun(run_id, LEASE, CRASH_LIMIT, breakers.holdMs));
  if (claim.outcome === 'gone') return;
  addLogContext({ request_id: claim.request_id, user_id: claim.user_id });
  if (claim.outcome === 'busy') throw new RetryIn(claim.retry_in_ms);
  if (claim.outcome === 'ended') return settle({ next: claim.next, ended: [run_id] });

  killPoint('completion.claimed', run_id);
  if (claim.attempt > 1) runRestarts.inc({ reason: 'claimed_again' });
  const lease = new Lease(run_id, claim.attempt, asked);
  try {
    await answerClaimed(claim, breakers.modelFor(claim.retries), lease);
  } catch (err) {
    // Somebody else has the run, and says what is to be said.
    if (!(err instanceof Interrupted)) throw err;
    log.info({ why: err.why }, 'run lost');
  } finally {
    lease.letGo();
  }
}

async function answerClaimed(turn: Turn, model: string, lease: Lease): Promise<void> {
  const writer = Writer.begin(turn, lease);
  let ending: Ending;
  try {
    ending = await answer(turn, model, writer, lease);
    if (ending.model) void callSucceeded(ending.model);
  } catch (err) {
    return conclude(turn, model, writer, lease, err);
  }
  // Beyond the try: what goes wrong while ending an answer must not throw the answer away.
  await finish(turn, writer, lease, ending);
}

/** What becomes of a run whose answer was interrupted: ended, or given back to be answered later. */
async function conclude(
  turn: Turn,
  model: string,
  writer: Writer,
  lease: Lease,
  err: unknown,
): Promise<void> {
  if (err instanceof Interrupted) {
    if (err.why === 'lost') throw err;
    if (err.why === 'cancelled') return finish(turn, writer, lease, { status: 'cancelled', model });
    return release(turn, writer, lease, 0, false);
  }
  // Neither is the provider's failure: a statement was too slow, or Postgres away, when the prompt was made.
  if (ranTooLong(err)) {
    log.warn({ err }, 'a statement ran into its time limit');
    const wait = await afterTimeout(turn.run_id);
    if (wait === null) return finish(turn, writer, lease, { ...TOO_SLOW, model });
    return release(turn, writer, lease, wait, false);
  }
  if (isUnreachable(err)) return release(turn, writer, lease, AWAY, false);
  const { trouble, code, message, retryAfterMs } = asProviderError(err);
  log.warn({ err, trouble, retries: turn.retries }, 'answer interrupted');
  if (trouble === 'rate_limited') {
    await holdBack(model, retryAfterMs);
    const { holdMs } = await askBreakers();
    return release(turn, writer, lease, holdMs > 0 ? retryAfterMs : 0, false);
  }
  if (code === 'context_length_exceeded' && turn.context?.shrunk === false) {
    const shrunk = shrinkContext(turn.context, turn.question);
    await patiently(lease, () => replaceContext(turn.run_id, lease.attempt, shrunk));
    return release(turn, writer, lease, 0, false);
  }
  if (trouble === 'rejected') return finish(turn, writer, lease, { ...failed(code, message), model });

  if (err instanceof ProviderError) await callFailed(model);
  if (turn.retries + 1 >= RETRY_LIMIT)
    return finish(turn, writer, lease, { ...failed(code, message), model });
  await release(turn, writer, lease, RETRY_FIRST * 2 ** turn.retries * (0.75 + Math.random() / 2), true);
}

async function finish(turn: Turn, writer: Writer, lease: Lease, ending: Ending): Promise<void> {
  const end = runStage.startTimer({ stage: 'ending' });
  const lastSeq = await patiently(lease, () => writer.end());
  killPoint('completion.streamed', turn.run_id);
  const outcome: Outcome = {
    ...ending,
    content: writer.content,
    parameters: ending.model === undefined ? null : PARAMETERS,
    sources: ending.model === undefined ? [] : sourcesOf(turn),
    ...(!ending.filtered && { title: titleOf(turn.question) }),
  };
  const asked = performance.now();
  const finished = await traced('finish', {}, () =>
    patiently(lease, () => finishRun(turn.run_id, lease.attempt, lastSeq, outcome)),
  );
  if (finished === null) throw new Interrupted('lost');
  killPoint('completion.finished', turn.run_id);
  log.info({ status: finished.status, attempt: lease.attempt }, 'run ended');
  const fresh = performance.now() - asked < FRESH;
  await settle({ next: finished.next, ended: [fresh ? finished : turn.run_id] });
  runsEnded.inc({ status: finished.status });
  end();
}

/** Keeps what was shown and gives the run back; the job returns when it is due. */
async function release(
  turn: Turn,
  writer: Writer,
  lease: Lease,
  delayMs: number,
  retried: boolean,
): Promise<void> {
  const lastSeq = await patiently(lease, () => writer.end());
  const kept = { content: writer.content, lastSeq, delayMs, retried };
  killPoint('completion.releasing', turn.run_id);
  const dueInMs = await patiently(lease, () => releaseRun(turn.run_id, lease.attempt, kept));
  if (dueInMs === null) throw new Interrupted('lost');
  throw new RetryIn(dueInMs);
}

/** While Postgres is away there is nobody to lose the run to: goes on trying until it answers. */
async function patiently<T>(lease: Lease, statement: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await statement();
    } catch (err) {
      if (!isUnreachable(err)) throw err;
      log.warn({ err, run_id: lease.runId }, 'waiting for Postgres');
      await sleep(500);
    }
  }
}

/** A mistake of our own is retried like a provider's: it must not strand the conversation. */
function asProviderError(err: unknown): ProviderError {
  if (err instanceof ProviderError) return err;
  return new ProviderError('unavailable', 'internal_error', 'Something went wrong here.', err);
}
