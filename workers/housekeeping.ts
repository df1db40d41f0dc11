import { auditHead, chainAuditLog } from '../db/models/auditChain.ts';
import type { Delivery } from '../db/models/run.ts';
import { nextGeneration, runsToAnnounce } from '../db/models/owed.ts';
import { newsOwed } from '../db/models/news.ts';
import { deliver, enqueue } from '../shared/delivery/enqueue.ts';
import {
  jobs,
  runJobId,
  type Payloads,
  type SingleJob,
  type SingleName,
  singleNames,
  singles,
} from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { log } from '../shared/base/log.ts';
import { reconcilerFindings } from '../shared/ops/metrics.ts';
import { queues } from '../shared/delivery/queues.ts';
import { redis } from '../shared/delivery/redis.ts';
import { tellOwed, tellQuestions } from '../shared/delivery/news.ts';
import { announce } from '../shared/delivery/runs.ts';
import { onStop } from '../shared/base/stop.ts';
import { tidy } from './tidy.ts';
import { startReadingBounces } from './housekeeping/bounces.ts';
import { keepVectors } from './housekeeping/vectors.ts';

/** Ms. Debts younger than GRACE are left to the process that is delivering them. */
const INTERVAL = 1_000;
const GRACE = 2_000;
const BATCH = 500;
const EPOCH = 'parley:epoch';

/**
 * Delivers owed work every second. Uses a timer, because a job scheduler would lose its state with Redis. Any number of
 * processes may run this; of two that see the same debt, one gets the row.
 */
export function startHousekeeping(): void {
  let timer: NodeJS.Timeout | undefined;
  let pass: Promise<unknown> = Promise.resolve();
  const next = () => {
    pass = reconcile()
      .then(report)
      .catch((err: unknown) => log.warn({ err }, 'Owed work not reconciled; tried again'))
      // Runs even if the pass failed: it needs no Redis.
      .then(chainAudit)
      .catch((err: unknown) => log.warn({ err }, 'Audit log not chained; tried again'))
      .then(tidy)
      .catch((err: unknown) => log.warn({ err }, 'Expired rows not deleted; tried again'))
      .finally(() => {
        timer = setTimeout(next, INTERVAL);
      });
  };
  next();
  startReadingBounces();
  onStop('housekeeping', async () => {
    await pass;
    clearTimeout(timer);
  });
}

export type Found = {
  delivered: number;
  announced: number;
  told: number;
  embeddings: number;
  wiped: boolean;
};

/**
 * Makes one pass: delivers every owed run and a batch of each other debt. Also rebuilds all queues of an emptied Redis.
 * @param grace minimum age of a debt, in ms; 0 after Redis was emptied, because no other process delivers it then
 */
export async function reconcile(grace = GRACE): Promise<Found> {
  const wiped = await redisWasEmptied();
  const graceMs = wiped ? 0 : grace;
  const delivered = await deliverOwedRuns(graceMs);
  const announced = await announceEndedRuns(graceMs);
  const told = await tellOwedNews(graceMs);
  await keepVectors().catch((err: unknown) => log.warn({ err }, 'Vectors not noted as owed; tried again'));
  let embeddings = 0;
  for (const name of singleNames) {
    const enqueued = await enqueueOwed(name, graceMs).catch((err: unknown) => {
      log.warn({ err, queue: name }, 'Owed jobs not enqueued; tried again');
      return [];
    });
    for (const payload of enqueued) if ('faq_ids' in payload) embeddings += payload.faq_ids.length;
  }
  if (wiped) await redis.set(EPOCH, new Date().toISOString());
  return { delivered, announced, told, embeddings, wiped };
}

/** Enqueues the owed work of one job. Returns the payloads. */
async function enqueueOwed<Name extends SingleName>(name: Name, graceMs: number): Promise<Payloads[Name][]> {
  const { owed, wanted }: SingleJob<Name> = singles[name];
  if (wanted?.() === false) return [];
  const payloads = await owed(graceMs);
  for (const payload of payloads) await enqueue(name, payload);
  return payloads;
}

async function redisWasEmptied(): Promise<boolean> {
  return (await redis.exists(EPOCH)) === 0;
}

async function deliverOwedRuns(graceMs: number): Promise<number> {
  let delivered = 0;
  for (let afterId = 0; ; ) {
    const owed = await jobs.completion.owed(afterId, BATCH, graceMs);
    const lost = await withoutLiveJob(owed);
    if (lost.length > 0) {
      // Tells the questions first: a raised generation says that its question was told.
      await tellQuestions(lost.map(({ run_id }) => run_id));
      const again = await nextGeneration(lost);
      killPoint('housekeeping.raised', lost[0]?.run_id ?? 0);
      await deliver(again);
      killPoint('housekeeping.delivered', lost[0]?.run_id ?? 0);
      delivered += again.length;
    }
    const last = owed.at(-1);
    if (last === undefined || owed.length < BATCH) return delivered;
    afterId = last.run_id;
  }
}

/** Returns the deliveries whose job is missing, completed or failed. Takes one round trip. */
async function withoutLiveJob(owed: Delivery[]): Promise<Delivery[]> {
  if (owed.length === 0) return [];
  const { completion } = queues;
  const pipeline = redis.pipeline();
  for (const delivery of owed) {
    const id = runJobId(delivery);
    pipeline.exists(completion.toKey(id));
    pipeline.zscore(completion.toKey('completed'), id);
    pipeline.zscore(completion.toKey('failed'), id);
  }
  const answers = (await pipeline.exec()) ?? [];
  const failed = answers.find(([err]) => err !== null);
  if (failed?.[0]) throw failed[0];
  return owed.filter((_, i) => {
    const [exists, completed, failedAt] = answers.slice(3 * i, 3 * i + 3).map(([, value]) => value);
    return exists !== 1 || completed !== null || failedAt !== null;
  });
}

async function announceEndedRuns(graceMs: number): Promise<number> {
  const owed = await runsToAnnounce(BATCH, graceMs);
  const results = await Promise.allSettled(owed.map(announce));
  for (const result of results) {
    if (result.status === 'rejected') log.warn({ err: result.reason }, 'Run end not announced; tried again');
  }
  return results.filter(({ status }) => status === 'fulfilled').length;
}

async function tellOwedNews(graceMs: number): Promise<number> {
  try {
    return await tellOwed(await newsOwed(BATCH, graceMs));
  } catch (err) {
    log.warn({ err }, 'News not told; told again later');
    return 0;
  }
}

/** Chains new audit entries and logs the head. Where logs are kept elsewhere, the head reveals a rewritten audit log. */
async function chainAudit(): Promise<void> {
  const entries = await chainAuditLog();
  if (entries > 0) log.info({ entries, ...(await auditHead()) }, 'Audit log chained');
}

function report(found: Found): void {
  for (const [kind, count] of Object.entries(found)) reconcilerFindings.inc({ kind }, Number(count));
  if (found.wiped || found.delivered + found.announced + found.told > 0)
    log.info({ ...found }, 'Owed work reconciled');
}
