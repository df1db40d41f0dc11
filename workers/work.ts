import type { Job, Worker } from 'bullmq';
import { env } from '../shared/base/env.ts';
import { isUnreachable, ranTooLong } from '../shared/base/errors.ts';
import { ofBullmq } from '../shared/delivery/bullmq.ts';
import { type JobName, jobs, type Payloads } from '../shared/delivery/jobs.ts';
import { log, withLogFields } from '../shared/base/log.ts';
import { jobDuration, jobPutBacks, jobRetries } from '../shared/ops/metrics.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';
import { connect } from '../shared/delivery/redis.ts';
import { onStop } from '../shared/base/stop.ts';
import { tracedStep } from '../shared/ops/tracing.ts';
import { afterTimeout } from './completion/timeouts.ts';

const DelayedError = ofBullmq('DelayedError');
const UnrecoverableError = ofBullmq('UnrecoverableError');

export type Handler<Name extends JobName> = (job: Job<Payloads[Name]>) => Promise<void>;

/** A handler throws this to delay its job. The delay uses up no attempt of the job. */
export class RetryIn extends Error {
  readonly ms: number;
  /** @param ms the delay; not a time, because this machine's clock may differ from Postgres's */
  constructor(ms: number) {
    super(`not for ${ms} ms`);
    this.ms = ms;
  }
}

/** Ms. A dead worker's job starts again after LOCK + STALL_CHECK at the latest. */
const LOCK = 8_000;
const STALL_CHECK = 1_000;
/** Ms that a job waits while Postgres or Redis is unreachable. */
const AWAY = 1_000;

/** Starts to work a queue. Stops with the process, after its running jobs. */
export function work<Name extends JobName>(name: Name, handler: Handler<Name>): Worker {
  const { slots, stalls, kept } = jobs[name];
  const run = (job: Job<Payloads[Name]>, token?: string) => runJob(name, job, token, handler);
  const worker = new (ofBullmq('Worker'))<Payloads[Name]>(name, run, {
    connection: connect(`${name}-worker`, { maxRetriesPerRequest: null }),
    concurrency: slots === 'COMPLETION_CONCURRENCY' ? env.COMPLETION_CONCURRENCY : slots,
    lockDuration: LOCK,
    stalledInterval: STALL_CHECK,
    maxStalledCount: stalls,
    ...kept,
    skipVersionCheck: true,
  });
  worker.on('error', (err) =>
    log.debug({ err, queue: name }, 'Worker reports an error; its connection dials again'),
  );
  worker.on('failed', (job, err) =>
    log.warn({ err, queue: name, job_id: job?.id }, 'Job failed; BullMQ tries it again or gives it up'),
  );
  onStop(`worker ${name}`, () => worker.close());
  return worker;
}

function runJob<Name extends JobName>(
  name: Name,
  job: Job<Payloads[Name]>,
  token: string | undefined,
  handler: Handler<Name>,
) {
  const run_id = 'run_id' in job.data ? job.data.run_id : undefined;
  const queue = job.queueName;
  return withLogFields({ queue, job_id: job.id, run_id }, async () => {
    const began = performance.now();
    const end = jobDuration.startTimer({ queue });
    if (job.attemptsMade > 0) jobRetries.inc({ queue });
    try {
      if (!jobs[name].payload.fits(job.data)) throw new UnrecoverableError(`not a payload of ${name}`);
      await tracedStep(queue, run_id, () => handler(job));
      end({ outcome: 'done' });
      log.info({ ms: Math.round(performance.now() - began) }, 'Job done');
    } catch (err) {
      const at = await comeBackAt(err, job, run_id);
      if (at !== null) {
        end({ outcome: 'put_back' });
        jobPutBacks.inc({ queue });
        log.info({ at }, 'Job put back; it runs again then');
        await job.moveToDelayed(at, token);
        throw new DelayedError();
      }
      end({ outcome: 'failed' });
      if (err instanceof ProviderError && err.trouble === 'rejected') throw new UnrecoverableError(err.code);
      throw err;
    }
  });
}

/** Returns when a job that threw is due again; null when the job failed. */
async function comeBackAt(err: unknown, job: Job, runId: number | undefined): Promise<number | null> {
  if (err instanceof RetryIn) return Date.now() + err.ms;
  if (ranTooLong(err) && job.queueName !== 'completion') return afterSlowStatement(err, runId);
  if (isUnreachable(err)) return Date.now() + AWAY;
  if (!(err instanceof ProviderError) || !err.comeBack) return null;
  const { waiting_since = Date.now() } = job.data as { waiting_since?: number };
  const wait = waitFor(err, Date.now() - waiting_since);
  if (wait === null) return null;
  await job.updateData({ ...job.data, waiting_since });
  return Date.now() + wait;
}

/** Ms: first and longest wait when a provider names none; wait for a model that is loading. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;
const LOADING_WAIT = 5_000;
const LOADING = 120_000;

/**
 * Returns the ms to wait for a provider that asks for a later call: its own time, or else the sum of the waits so far.
 * @param waitedMs the waits so far
 * @returns null when the waits reach PROVIDER_WAIT_LIMIT_S, or two minutes for a model that is loading
 */
export function waitFor({ trouble, retryAfterMs }: ProviderError, waitedMs: number): number | null {
  const loading = trouble === 'loading';
  const left = (loading ? LOADING : env.PROVIDER_WAIT_LIMIT_S * 1_000) - waitedMs;
  if (left <= 0) return null;
  const longest = loading ? LOADING_WAIT : LONGEST_WAIT;
  const own = Math.min(Math.max(waitedMs, FIRST_WAIT), longest);
  return Math.min(retryAfterMs || own, left);
}

/**
 * Returns when a job is due again after a statement over its time limit. Postgres counts these statements per run, and the
 * run fails at the limit. Without a run, the job fails and BullMQ counts. Completion counts by itself, since only a claim
 * allows it to end a run.
 */
async function afterSlowStatement(err: unknown, runId: number | undefined): Promise<number | null> {
  log.warn({ err }, 'Statement timed out; the job is tried again or fails');
  if (runId === undefined) return null;
  const wait = await afterTimeout(runId);
  if (wait === null) throw new UnrecoverableError('database_timeout');
  return Date.now() + wait;
}
