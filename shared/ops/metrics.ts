import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { knex } from '../../db/knex.ts';

/**
 * Every metric there is, and the registry that `/metrics` shows: those of Node (event-loop lag, memory, garbage
 * collection) and those below. Times are in seconds. A label only takes values from a list that code or
 * configuration limits: routes, queues, models, codes; never ids, paths or text. docs/operations.md explains each.
 */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });
// Gauges whose names say counter: Prometheus' own checks complain of them.
for (const what of ['handles', 'requests', 'resources']) {
  registry.removeSingleMetric(`nodejs_active_${what}_total`);
}

const FAST = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SLOW = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 300];

// HTTP. endpoint is the route's pattern, `unmatched` where there is no route.
const HTTP = ['method', 'endpoint', 'status'] as const;
export const httpRequests = counter('http_requests_total', 'Requests answered', HTTP);
export const httpDuration = histogram(
  'http_request_duration_seconds',
  'From request to answer; of a stream, to its beginning',
  HTTP,
  FAST,
);
export const rateLimited = counter('rate_limited_total', 'What limits refused, by the one that did', [
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
  'What the time of an answer goes into',
  ['stage'],
  SLOW,
);
export const firstToken = histogram(
  'run_first_token_seconds',
  'From accepting a message to the first token of its answer',
  [],
  SLOW,
);
export const engineOverhead = histogram(
  'engine_overhead_seconds',
  "Time to first token since the run's turn came, less the provider's own; first attempts only",
  [],
  FAST,
);

export const guardWindows = counter('guard_windows_total', 'Pieces of answers that the output guard judged', [
  'outcome',
]);

// Jobs and queues.
export const jobDuration = histogram(
  'job_duration_seconds',
  'One run of a job handler',
  ['queue', 'outcome'],
  SLOW,
);
export const jobRetries = counter('job_retries_total', 'Jobs begun again after a failure', ['queue']);
export const jobPutBacks = counter(
  'job_put_backs_total',
  'Jobs that went back to be done later, no attempt burnt',
  ['queue'],
);
export const queueJobs = gauge('queue_jobs', 'Jobs in a queue, by state; same on every web replica', [
  'queue',
  'state',
]);
export const queueOldest = gauge(
  'queue_oldest_waiting_seconds',
  'How long ago the job that is next was added, the oldest of all ranks; 0 where none waits',
  ['queue'],
);
export const reconcilerFindings = counter('reconciler_findings_total', 'What the reconciler found owed', [
  'kind',
]);

export const redisMisfits = gauge(
  'redis_misfits',
  '1 where Redis is not as it must be, as this process saw it last',
  ['what'],
);

// The knowledge base.
export const faqsStored = gauge('faqs_stored', 'FAQs, whatever their status; same on every web replica', []);
export const faqsToEmbed = gauge(
  'faqs_to_embed',
  'FAQs without vectors, or with some of an older text or another model; same on every web replica',
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
