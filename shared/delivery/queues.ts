import { FlowProducer, Queue } from 'bullmq';
import { type JobName, jobNames, type Payloads } from './jobs.ts';
import { log } from '../base/log.ts';
import { connect, untilReady } from './redis.ts';
import { onStop } from '../base/stop.ts';

/** Producers fail fast: a job that cannot be enqueued now is owed, and the reconciler delivers it. */
export const producer = connect('producer', {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 5_000,
});

export const flows = new FlowProducer({
  connection: producer,
  skipWaitingForReady: true,
  skipVersionCheck: true,
});

/** One queue for each job of the catalog, under its name. */
export const queues = Object.fromEntries(
  jobNames.map((name) => [
    name,
    new Queue(name, { connection: producer, skipWaitingForReady: true, skipVersionCheck: true }),
  ]),
) as { [Name in JobName]: Queue<Payloads[Name]> };

/** The scripts of a hand-over, by BullMQ's names. */
const HAND_OVER = /^(addParentJob|addStandardJob|addPrioritizedJob|releaseParentIfNoPendingDependencies):/;
/** The connection through which Redis was given those scripts. */
let loadedThrough: typeof producer.stream | undefined;
let loading: Promise<void> | undefined;

/** Whether a job can be added just now. Where only the scripts are missing, loads them. */
export function canEnqueue(): boolean {
  if (producer.status !== 'ready') return false;
  if (loadedThrough !== producer.stream)
    loadScripts().catch((err) => log.warn({ err }, 'scripts not loaded'));
  return loadedThrough === producer.stream;
}

/** Resolves when jobs can be added; waits as long as Redis is away. Throws what loading the scripts reports. */
export async function untilCanEnqueue(): Promise<void> {
  await untilReady(producer);
  await loadScripts();
}

/**
 * Gives Redis the scripts of a hand-over. ioredis takes a script for known once it was sent, even in a transaction that a
 * full Redis refused; the next transaction would then run without it, and add an answer's job without its stages.
 * SCRIPT LOAD needs no room.
 */
export function loadScripts(): Promise<void> {
  loading ??= loadOnce().finally(() => {
    loading = undefined;
  });
  return loading;
}

async function loadOnce(): Promise<void> {
  // BullMQ has defined its scripts by then.
  await backend.waitUntilReady();
  const { stream, scriptsSet } = producer;
  loadedThrough = undefined;
  const scripts = Object.entries(scriptsSet as Record<string, { lua: string }>);
  const wanted = scripts.filter(([name]) => HAND_OVER.test(name));
  await Promise.all(wanted.map(([, { lua }]) => producer.script('LOAD', lua)));
  loadedThrough = stream;
}

// BullMQ hears only of the last script that failed: of a flow of which one part was not added it would say that all was.
const backend = flows.getBackend();
const addFlow = backend.addFlow.bind(backend);
backend.addFlow = async (entries) => {
  const results = await addFlow(entries);
  const failed = results?.find(([err]) => err !== null);
  if (failed?.[0]) throw failed[0];
  return results;
};
producer.on('ready', canEnqueue);

// The connection reports its own troubles; BullMQ repeats them.
flows.on('error', (err) => log.debug({ err }, 'flows'));
onStop('flows', () => flows.close());
for (const queue of Object.values(queues)) {
  queue.on('error', (err) => log.debug({ err }, 'queue'));
  onStop(`queue ${queue.name}`, () => queue.close());
}
