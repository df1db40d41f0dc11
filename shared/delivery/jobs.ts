import type { FlowJob, JobsOptions, KeepJobs } from 'bullmq';
import { createHash } from 'node:crypto';
import { partsToCount } from '../../db/models/analytics/counting.ts';
import { faqsToEmbed, type OwedFaq } from '../../db/models/faqEmbedding.ts';
import { importsToDeliver } from '../../db/models/faqImport.ts';
import { webhooksToDeliver } from '../../db/models/webhookDelivery.ts';
import { gapsToGroup } from '../../db/models/faqSuggestion.ts';
import { mailsToSend } from '../../db/models/mail.ts';
import { notificationsToDeliver, usersToPush } from '../../db/models/notification.ts';
import { conversationsToSummarise } from '../../db/models/summary.ts';
import { replaysToAnswer } from '../../db/models/replay.ts';
import { runsToDeliver } from '../../db/models/owed.ts';
import { erasuresOwed } from '../../db/models/erasure.ts';
import { exportsOwed } from '../../db/models/export.ts';
import type { Delivery } from '../../db/models/run.ts';
import { env, oneOf, text } from '../base/env.ts';
import {
  type AnyShape,
  boolean,
  integer,
  listOf,
  object,
  type Of,
  oneOf as anyOf,
  optional,
  type Shape,
  string,
} from '../base/shapes.ts';
import { mailIsConfigured } from '../ops/mailSettings.ts';

type Rules = {
  /** The process type that works the queue. */
  process: string;
  /** How often a handler that throws is called, and the first pause between two calls. */
  attempts: number;
  backoffMs: number;
  /** How often a job may lose its worker before it fails unhandled. Completion counts crashes in Postgres instead. */
  stalls: number;
  /** Jobs at once in one process. */
  slots: number | 'COMPLETION_CONCURRENCY';
  /** What stays in Redis of a job that has ended. */
  kept: { removeOnComplete: KeepJobs; removeOnFail: KeepJobs };
};
/** A job of the flow that answers a run. Only `answerFlow` adds it. */
type Stage = Rules & {
  payload: AnyShape;
  id: (delivery: Delivery) => string;
  /** Which runs lack a live job; asked of the flow's parent, which brings its children. */
  owed?: typeof runsToDeliver;
};
/** A job that `enqueue` adds. */
type Single<Payload> = Rules & {
  payload: Shape<Payload>;
  /** A job is not added while one with the same id is queued or runs. */
  id: (payload: Payload) => string;
  /** Where this returns false, nothing is enqueued. */
  wanted?: () => boolean;
  /** What Postgres owes. @param graceMs how old a debt must be */
  owed: (graceMs: number) => Promise<Payload[]>;
};

/** Bull Board can show the job for a while; nothing depends on that. */
const forAWhile = {
  removeOnComplete: { age: 3_600, count: 2_000 },
  removeOnFail: { age: 86_400, count: 2_000 },
};
/** A retained job would keep the next one with its id from being added. */
const notAtAll = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };
/** Replays that one pass enqueues. */
const REPLAYS = 100;
/** FAQs of one job. */
const FAQS = 500;
/** Notifications, mails, or users with a push, that one pass of the reconciler enqueues. */
const TOLD = 500;
/** Notifications of one job. */
export const TOGETHER = 50;
/** Summaries that are enqueued at a time. */
const SUMMARIES = 20;

/** Lets the compiler check an entry; so does `single`. */
const stage = <Entry extends Stage>(entry: Entry): Entry => entry;
const single = <Payload extends AnyShape>(
  entry: Omit<Single<Of<Payload>>, 'payload'> & { payload: Payload },
) => ({
  ...entry,
  single: true as const,
});

/** What moderation and context share: a run's stage before its answer. */
const preparing = {
  payload: object({ run_id: integer }),
  id: runJobId,
  kept: forAWhile,
  attempts: 4,
  backoffMs: 400,
  stalls: 3,
};
/** How most single jobs are tried. */
const retried = { kept: notAtAll, attempts: 3, backoffMs: 2_000, stalls: 3 };
/** Postgres holds the time of the next try, so one call of the job is one try. */
const triedOnce = { kept: notAtAll, attempts: 1, backoffMs: 0, stalls: 3 };

/**
 * The catalog of jobs. One message is one flow:
 *
 *     completion  run-42-1        claims the run, streams the answer, ends the run
 *      ├─ moderation  run-42-1    is this text allowed?
 *      └─ context     run-42-1    history and passages → what the prompt will hold
 *
 * With MODERATION_ORDER=beside completion asks for the verdict itself, while the model answers.
 *
 * The children run side by side. The parent starts when both are done, failed or not. Each child leaves its
 * result on the run's row, and completion reads it there. A job carries ids and nothing else.
 *
 * Names, fields and ids are permanent: jobs of an older version may still be queued. Workers ignore unknown fields.
 * The reconciler (workers/housekeeping.ts) walks the catalog and enqueues what is owed.
 */
export const jobs = {
  moderation: stage({ process: 'moderation', ...preparing, slots: 50 }),
  context: stage({ process: 'context', ...preparing, slots: 8 }),
  completion: stage({
    process: 'completion',
    /** beside: there is no moderation job; completion asks for the verdict while the model answers. */
    payload: object({ run_id: integer, beside: optional(boolean) }),
    id: runJobId,
    owed: runsToDeliver,
    kept: forAWhile,
    attempts: 1,
    backoffMs: 0,
    stalls: 1_000_000,
    slots: 'COMPLETION_CONCURRENCY',
  }),
  summary: single({
    process: 'context',
    payload: object({ conversation_id: integer }),
    id: ({ conversation_id }) => `summary-${conversation_id}`,
    owed: async (graceMs) =>
      (await conversationsToSummarise(SUMMARIES, graceMs)).map((conversation_id) => ({ conversation_id })),
    ...retried,
    slots: 2,
  }),
  embedding: single({
    process: 'embedding',
    /** batch: a digest of the FAQs and their texts, so that an edit is a job of its own. */
    payload: object({
      faq_ids: listOf(integer),
      batch: optional(string(64)),
    }),
    id: ({ faq_ids, batch = faq_ids.join('-') }) => `faqs-${batch}`,
    wanted: embedsTexts,
    owed: async () => {
      const faqs = await faqsToEmbed(FAQS);
      return faqs.length === 0 ? [] : [embeddingOf(faqs)];
    },
    ...retried,
    slots: 2,
  }),
  /** One job for each endpoint, so that a slow endpoint takes one slot. Only the reconciler enqueues it, within a second. */
  webhook: single({
    process: 'notification',
    payload: object({ webhook_id: integer }),
    id: ({ webhook_id }) => `webhook-${webhook_id}`,
    owed: async () => (await webhooksToDeliver()).map((webhook_id) => ({ webhook_id })),
    ...triedOnce,
    slots: 100,
  }),
  faq_import: single({
    process: 'embedding',
    payload: object({ import_id: integer }),
    id: ({ import_id }) => `import-${import_id}`,
    owed: async (graceMs) => (await importsToDeliver(graceMs)).map((import_id) => ({ import_id })),
    ...retried,
    slots: 1,
  }),
  faq_suggestions: single({
    process: 'embedding',
    payload: object({}),
    id: () => 'faq-suggestions',
    /** Questions are grouped by what they mean; without an embedding model they wait. */
    wanted: embedsTexts,
    owed: async () => ((await gapsToGroup()) ? [{}] : []),
    ...retried,
    slots: 1,
  }),
  replay: single({
    process: 'analytics',
    payload: object({ replay_id: integer }),
    id: ({ replay_id }) => `replay-${replay_id}`,
    owed: () => replaysToAnswer(REPLAYS),
    ...retried,
    slots: 2,
  }),
  analytics: single({
    process: 'analytics',
    payload: object({ part: anyOf('moments', 'begun') }),
    id: ({ part }) => `analytics-${part}`,
    owed: () => partsToCount(env.RESOLVED_AFTER_H),
    ...retried,
    slots: 2,
  }),
  export: single({
    process: 'housekeeping',
    payload: object({ export_id: integer }),
    id: ({ export_id }) => `export-${export_id}`,
    owed: async () => (await exportsOwed()).map((export_id) => ({ export_id })),
    ...retried,
    slots: 1,
  }),
  erasure: single({
    process: 'housekeeping',
    payload: object({}),
    id: () => 'erasure',
    owed: async (graceMs) => ((await erasuresOwed(graceMs)).length > 0 ? [{}] : []),
    ...retried,
    slots: 1,
  }),
  /**
   * Shows a notification and makes its mail and push, with up to 49 others that are due. So the reconciler enqueues the first
   * of each fifty.
   */
  notification: single({
    process: 'notification',
    payload: object({ notification_id: integer }),
    id: ({ notification_id }) => `notification-${notification_id}`,
    owed: async () =>
      (await notificationsToDeliver(TOLD, TOGETHER)).map((notification_id) => ({ notification_id })),
    ...triedOnce,
    slots: 4,
  }),
  /** One job for each user, so that devices whose service hangs take one slot. */
  push: single({
    process: 'notification',
    payload: object({ user_id: integer }),
    id: ({ user_id }) => `push-${user_id}`,
    owed: async () => (await usersToPush(TOLD)).map((user_id) => ({ user_id })),
    ...triedOnce,
    slots: 100,
  }),
  mail: single({
    process: 'notification',
    payload: object({ mail_id: integer }),
    id: ({ mail_id }) => `mail-${mail_id}`,
    wanted: mailIsConfigured,
    owed: async () => (await mailsToSend(TOLD)).map((mail_id) => ({ mail_id })),
    ...triedOnce,
    slots: 4,
  }),
};

type Catalog = typeof jobs;
export type JobName = keyof Catalog;
/** What each job carries. */
export type Payloads = { [Name in JobName]: Of<Catalog[Name]['payload']> };
/** The jobs that are not stages of a run. */
export type SingleName = {
  [Name in JobName]: Catalog[Name] extends { single: true } ? Name : never;
}[JobName];

export const jobNames = Object.keys(jobs) as JobName[];
export type SingleJob<Name extends SingleName> = Single<Payloads[Name]>;
/** The entries of single jobs. */
export const singles: { [Name in SingleName]: SingleJob<Name> } = jobs;
export const singleNames = jobNames.filter((name): name is SingleName => 'single' in jobs[name]);

/** Process types that work no queue. */
export const otherTypes = ['housekeeping'] as const;
/** Every type that `workers/run.ts` takes. */
export const workerTypes: string[] = [
  ...new Set<string>([...jobNames.map((name) => jobs[name].process), ...otherTypes]),
];

/** Returns the id of a run's three jobs. A new generation has new ids, so no kept job can block it. */
export function runJobId({ run_id, generation }: Omit<Delivery, 'rank'>): string {
  return `run-${run_id}-${generation}`;
}

/** Returns the generation in a run's job id; null when the id is another's. */
export function generationOf(jobId: string | undefined): number | null {
  const generation = /^run-\d+-(\d+)$/.exec(jobId ?? '')?.[1];
  return generation === undefined ? null : Number(generation);
}

/**
 * Returns the flow that answers one message. Low ranks go first: a user's second message waits for everybody's first.
 * Children of first messages have no priority: BullMQ takes such jobs first and at less cost. Their parent has one, or it
 * would come before parents that were ready earlier.
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
  if (moderationOrder() === 'before')
    return { ...stage('completion'), children: [child('moderation'), child('context')] };
  const completion = stage('completion');
  return { ...completion, data: { ...completion.data, beside: true }, children: [child('context')] };
}

/** Says whether the chat model waits for moderation's verdict or is called beside it. Ends the process at any other value. */
function moderationOrder(): 'before' | 'beside' {
  return oneOf('MODERATION_ORDER', 'before', ['before', 'beside']);
}
// A wrong value ends the process when it starts.
moderationOrder();

/** Says whether there is an embedding model; shared/provider/config.ts reads which. */
function embedsTexts(): boolean {
  return text('EMBEDDING_MODEL', '') !== 'off';
}

/** Returns the queues that a process type works, such as `embedding`; none for `housekeeping`. */
export function queuesOf(process: string): JobName[] {
  return jobNames.filter((name) => jobs[name].process === process);
}

/** Returns how a job is tried again. */
export function jobOptions(name: JobName): JobsOptions {
  const { attempts, backoffMs } = jobs[name];
  return { attempts, backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 } };
}

/** Returns the payload that has FAQs embedded. @param faqs ids with the hashes of the texts to embed */
export function embeddingOf(faqs: OwedFaq[]): { faq_ids: number[]; batch: string } {
  const named = JSON.stringify(faqs.map(({ id, text_hash }) => ({ id, text_hash })));
  const batch = createHash('sha256').update(named).digest('hex').slice(0, 24);
  return { faq_ids: faqs.map(({ id }) => id), batch };
}
