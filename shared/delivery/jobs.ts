import type { FlowJob, JobsOptions } from 'bullmq';
import type { Delivery } from '../../db/models/run.ts';

/**
 * Every job there is. One message is one flow:
 *
 *     completion  run-42-1        claims the run, streams the answer, ends the run
 *      ├─ moderation  run-42-1    is this text allowed?
 *      └─ context     run-42-1    history and passages → what the prompt will hold
 *
 * The children run side by side and the parent starts when both are done, failed or not: each leaves its
 * result on the run's row, and completion reads it there. A job carries ids and nothing else. What Postgres
 * still owes of each kind is a query: `runsToDeliver` and `runsToAnnounce` (db/models/owed.ts),
 * `faqsToEmbed` (db/models/faqEmbedding.ts), `importsToDeliver` (db/models/faqImport.ts), `gapsToGroup`
 * (db/models/faqSuggestion.ts); the reconciler (workers/housekeeping.ts) asks them.
 *
 * attempts: how often a handler that throws is called. stalls: how often a job may lose its worker before it
 * fails without its handler being called; completion counts crashes in Postgres instead. slots: jobs at once
 * in one process; completion waits for the model and takes COMPLETION_CONCURRENCY. process: the process type that
 * works the queue, where it is not the one of its name.
 */
export const jobs = {
  moderation: { attempts: 4, backoffMs: 400, stalls: 3, slots: 50 },
  context: { attempts: 4, backoffMs: 400, stalls: 3, slots: 8 },
  completion: { attempts: 1, backoffMs: 0, stalls: 1_000_000, slots: 'COMPLETION_CONCURRENCY' },
  embedding: { attempts: 3, backoffMs: 2_000, stalls: 3, slots: 2 },
  faq_import: { attempts: 3, backoffMs: 2_000, stalls: 3, slots: 1, process: 'embedding' },
  faq_suggestions: { attempts: 3, backoffMs: 2_000, stalls: 3, slots: 1, process: 'embedding' },
} as const satisfies Record<string, JobRules>;

export type JobName = keyof typeof jobs;
/** What each job carries. Names and fields are permanent: jobs of an older version may still be queued. */
export type Payloads = {
  moderation: { run_id: number };
  context: { run_id: number };
  completion: { run_id: number };
  embedding: { faq_ids: number[] };
  faq_import: { import_id: number };
  faq_suggestions: Record<string, never>;
};
type JobRules = {
  attempts: number;
  backoffMs: number;
  stalls: number;
  slots: number | 'COMPLETION_CONCURRENCY';
  process?: string;
};

/** The id of a run's three jobs. A new generation has new ids, so nothing retained can swallow it. */
export function runJobId({ run_id, generation }: Omit<Delivery, 'rank'>): string {
  return `run-${run_id}-${generation}`;
}

/**
 * The flow that answers one message. Low ranks go first: a user's second message waits for everybody's first. Children of
 * first messages need no priority, BullMQ takes those before all others and handles them for less; their parent needs one,
 * or it would be put before those that are ready for longer.
 */
export function answerFlow(delivery: Delivery): FlowJob {
  const stage = (name: JobName) => ({
    name,
    queueName: name,
    data: { run_id: delivery.run_id },
    opts: { ...jobOptions(name), jobId: runJobId(delivery), priority: delivery.rank },
  });
  const child = (name: JobName) => ({
    ...stage(name),
    opts: { ...stage(name).opts, priority: delivery.rank - 1, ignoreDependencyOnFailure: true },
  });
  return { ...stage('completion'), children: [child('moderation'), child('context')] };
}

/** The queues that a process type works, such as `embedding`; none for a type that is no queue's. */
export function queuesOf(process: string): JobName[] {
  const rules: Record<JobName, JobRules> = jobs;
  return (Object.keys(jobs) as JobName[]).filter((name) => (rules[name].process ?? name) === process);
}

export function jobOptions(name: JobName): JobsOptions {
  const { attempts, backoffMs } = jobs[name];
  return { attempts, backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 } };
}

/** Finished jobs stay for a while so that Bull Board can show them, unless they say otherwise; nothing depends on them. */
export const keptJobs = {
  removeOnComplete: { age: 3_600, count: 2_000 },
  removeOnFail: { age: 86_400, count: 2_000 },
};
