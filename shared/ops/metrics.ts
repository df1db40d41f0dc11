import { createHash, timingSafeEqual } from 'node:crypto';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { knex } from '../../db/knex.ts';
import { env } from '../base/env.ts';
import { onLogLine } from '../base/log.ts';

/**
 * The registry that `/metrics` shows: Node's metrics (event-loop lag, memory, garbage collection) and those below. Times
 * are in seconds. Code or configuration limits the values of a label: routes, queues, models, codes; never ids, paths or
 * text. docs/operations.md explains each metric.
 */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });
// These gauges have names of counters, which Prometheus's own checks reject.
for (const what of ['handles', 'requests', 'resources']) {
  registry.removeSingleMetric(`nodejs_active_${what}_total`);
}

const FAST = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SLOW = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 300];

// HTTP. endpoint is the route's pattern, or `unmatched`.
const HTTP = ['method', 'endpoint', 'status'] as const;
export const httpRequests = counter('http_requests_total', 'Requests answered', HTTP);
export const httpDuration = histogram(
  'http_request_duration_seconds',
  'Time from request to answer; of a stream, to its beginning',
  HTTP,
  FAST,
);
export const rateLimited = counter('rate_limited_total', 'Requests that a limit refused, by limit', [
  'limit',
]);
export const socketsConnected = gauge('sockets_connected', 'Signed-in sockets of this replica', []);

// The model.
export const aiRequests = counter('ai_requests_total', 'Calls of the provider that ended', [
  'provider',
  'model',
  'outcome',
]);
export const aiErrors = counter('ai_errors_total', 'Calls of the provider that failed, by what went wrong', [
  'provider',
  'model',
  'kind',
]);
export const aiResponseTime = histogram(
  'ai_response_time_seconds',
  'A whole call of the provider; of a stream, to its end',
  ['provider', 'model'],
  SLOW,
);
export const aiFirstToken = histogram(
  'ai_first_token_seconds',
  "The provider's own time to the first token",
  ['provider', 'model'],
  SLOW,
);
export const aiTokens = counter('ai_tokens_used_total', 'Tokens that the provider counted', [
  'provider',
  'model',
  'kind',
]);
export const embeddingFailures = counter('embedding_failures_total', 'Calls for embeddings that failed', [
  'provider',
  'model',
  'kind',
]);

// Runs.
export const runsEnded = counter('runs_ended_total', 'Runs that a worker ended', ['status']);
export const runRestarts = counter('run_restarts_total', 'Attempts of runs beyond the first', ['reason']);
export const runStage = histogram(
  'run_stage_duration_seconds',
  'Time of an answer, by stage',
  ['stage'],
  SLOW,
);
export const firstToken = histogram(
  'run_first_token_seconds',
  'Time from accepting a message to the first token of its answer',
  [],
  SLOW,
);
export const engineOverhead = histogram(
  'engine_overhead_seconds',
  "Time from the run's turn to its first token, less the provider's own; first attempts only",
  [],
  FAST,
);

export const guardWindows = counter('guard_windows_total', 'Pieces of answers that the output guard judged', [
  'outcome',
]);

export const erasureFailures = counter('erasure_failures_total', 'Erasures that failed and are tried again', [
  'kind',
]);

// Jobs and queues.
export const jobDuration = histogram(
  'job_duration_seconds',
  'Time of one call of a job handler',
  ['queue', 'outcome'],
  SLOW,
);
export const jobRetries = counter('job_retries_total', 'Jobs begun again after a failure', ['queue']);
export const jobPutBacks = counter(
  'job_put_backs_total',
  'Jobs put back for later without using up an attempt',
  ['queue'],
);
export const queueJobs = gauge('queue_jobs', 'Jobs in a queue, by state; the same on every web replica', [
  'queue',
  'state',
]);
export const queueOldest = gauge(
  'queue_oldest_waiting_seconds',
  'Age of the oldest job that is next in its rank; 0 if no job waits',
  ['queue'],
);
export const reconcilerFindings = counter(
  'reconciler_findings_total',
  'Owed work that the reconciler found',
  ['kind'],
);

export const webhookTries = counter(
  'webhook_tries_total',
  'Requests to webhooks, by what came of them: delivered, refused, timeout, unreachable, address_refused, secret_unreadable',
  ['outcome'],
);

export const mailTries = counter(
  'mail_tries_total',
  'Mails given to the mail server or the folder, by what came of them: sent, later (tried again), failed (given up), returned (a report came back)',
  ['outcome'],
);
export const pushTries = counter(
  'push_tries_total',
  'Pushes to devices, by what came of them: sent, gone (the device is removed), later (tried again), failed',
  ['outcome'],
);
export const tellingsOwed = gauge(
  'tellings_owed',
  'Notifications, mails and webhook deliveries that Postgres still owes, ten thousand at most; the same on every web replica',
  ['what'],
);
export const tellingsLate = gauge(
  'tellings_late_seconds',
  'For how long the first of them has been due; 0 if none is; the same on every web replica',
  ['what'],
);

export const redisMisfits = gauge(
  'redis_misfits',
  '1 if Redis is not as it must be, as this process last saw it',
  ['what'],
);

export const redisMemoryUsed = gauge('redis_memory_used_bytes', 'Memory that Redis uses, by its INFO', []);
export const redisMemoryMax = gauge('redis_memory_max_bytes', "Redis' maxmemory; 0: no limit", []);

// What Postgres says; the same on every web replica.
export const runsOpen = gauge('runs_open', 'Runs that have not ended or were not announced, by state', [
  'state',
]);
export const runsOldest = gauge('runs_oldest_open_seconds', 'Age of the oldest run that has not ended', []);
export const serverConnections = gauge(
  'db_server_connections',
  'Connections of all clients of the Postgres server',
  [],
);
export const serverConnectionsMax = gauge(
  'db_server_connections_max',
  "The server's max_connections, less those for superusers",
  [],
);
export const backupAge = gauge('backup_age_seconds', 'Time since the last success, by kind', ['kind']);
export const budgetUsedRatio = gauge('budget_used_ratio', 'Used share of BUDGET_DAY; 0 without one', []);

export const breakerOpen = gauge(
  'provider_breaker_open',
  '1 while this process makes no such calls, after failures in a row',
  ['calls'],
);
const logLines = counter('log_lines_total', 'Lines of the log, by level', ['level']);
onLogLine((level) => logLines.inc({ level }));

// The knowledge base.
export const faqsStored = gauge('faqs_stored', 'FAQs of any status; the same on every web replica', []);
export const faqsToEmbed = gauge(
  'faqs_to_embed',
  'FAQs without vectors, or with vectors of an older text or another model; the same on every web replica',
  [],
);

// The pool of this process.
const pool = () => (knex.client as { pool?: Pool }).pool;
poolGauge('db_connections_active', 'Database connections in use', (of) => of.numUsed());
poolGauge('db_connections_idle', 'Database connections open and unused', (of) => of.numFree());
poolGauge('db_connections_waited_for', 'Callers that wait for a database connection', (of) =>
  of.numPendingAcquires(),
);
poolGauge('db_connections_max', 'Size of the pool', (of) => of.max);

type Pool = { numUsed(): number; numFree(): number; numPendingAcquires(): number; max: number };

function poolGauge(name: string, help: string, read: (pool: Pool) => number): void {
  const registers = [registry];
  new Gauge({
    name,
    help,
    registers,
    collect() {
      const opened = pool();
      this.set(opened === undefined ? 0 : read(opened));
    },
  });
}

function counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}

function histogram<L extends string>(
  name: string,
  help: string,
  labelNames: readonly L[],
  buckets: number[],
): Histogram<L> {
  return new Histogram({ name, help, labelNames, buckets, registers: [registry] });
}

/** Says whether a request may read metrics: it sends METRICS_TOKEN as `Authorization: Bearer …`, or none is set. */
export function mayScrape(authorization: string | undefined): boolean {
  if (env.METRICS_TOKEN === '') return true;
  const shown = /^Bearer +(\S+)$/i.exec(authorization?.trim() ?? '')?.[1] ?? '';
  return timingSafeEqual(hash(shown), hash(env.METRICS_TOKEN));
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
