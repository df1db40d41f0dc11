import type { Queue } from 'bullmq';
import { ofBullmq } from './bullmq.ts';
import { type JobName, jobNames, type Payloads } from './jobs.ts';
import { log } from '../base/log.ts';
import type { Packet } from './push.ts';
import { connect, untilReady } from './redis.ts';
import { onStop } from '../base/stop.ts';

/** The producers' connection fails fast: a job that cannot be added now is owed, and the reconciler delivers it. */
export const producer = connect('producer', {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 5_000,
});

const options = { connection: producer, skipWaitingForReady: true, skipVersionCheck: true };

export const flows = new (ofBullmq('FlowProducer'))(options);

export const queues = Object.fromEntries(
  jobNames.map((name) => [name, new (ofBullmq('Queue'))(name, options)]),
) as { [Name in JobName]: Queue<Payloads[Name]> };

/** Says whether answers wait for a worker or for their stages; false while Redis does not say. */
export async function answersWait(): Promise<boolean> {
  return (
    (await queues.completion.getJobCountByTypes('prioritized', 'wait', 'waiting-children').catch(() => 0)) > 0
  );
}

/** The scripts that add a flow, by BullMQ's names. */
const HAND_OVER = /^(addParentJob|addStandardJob|addPrioritizedJob|releaseParentIfNoPendingDependencies):/;
/** The connection that loaded these scripts. */
let loadedThrough: typeof producer.stream | undefined;
let loading: Promise<void> | undefined;

/** Says whether a job can be added now. Loads the scripts if only they are missing. */
export function canEnqueue(): boolean {
  if (producer.status !== 'ready') return false;
  if (loadedThrough !== producer.stream)
    loadScripts().catch((err) => log.warn({ err }, 'Queue scripts not loaded; tried again'));
  return loadedThrough === producer.stream;
}

/** Resolves when jobs can be added. Waits while Redis is away. @throws what loading the scripts reports */
export async function untilCanEnqueue(): Promise<void> {
  await untilReady(producer);
  await loadScripts();
}

/**
 * Loads the scripts that add a flow. ioredis takes a script for known once it is sent, even in a transaction that a full
 * Redis refused. The next transaction would then run without the script and add an answer's job without its stages.
 * SCRIPT LOAD works on a full Redis.
 */
export function loadScripts(): Promise<void> {
  loading ??= loadOnce().finally(() => {
    loading = undefined;
  });
  return loading;
}

async function loadOnce(): Promise<void> {
  // BullMQ defines its scripts before this resolves.
  await backend.waitUntilReady();
  const { stream, scriptsSet } = producer;
  loadedThrough = undefined;
  const scripts = Object.entries(scriptsSet as Record<string, { lua: string }>);
  const wanted = scripts.filter(([name]) => HAND_OVER.test(name));
  await Promise.all(wanted.map(([, { lua }]) => producer.script('LOAD', lua)));
  loadedThrough = stream;
}

/** The packets to publish before the next flows. */
let waiting: Packet[] = [];

/** Publishes packets before the next flows, on their connection and in their write: Redis takes both in order, or no flow. */
export function publishFirst(packets: Packet[]): void {
  waiting.push(...packets);
}

/**
 * Publishes the packets that go before the next flows. A packet that Redis did not take has no flow either, and both are owed.
 */
export function publishWaiting(): void {
  for (const { channel, payload } of waiting) producer.publish(channel, payload).catch(() => {});
  waiting = [];
}

// BullMQ misses the failure of one part of a flow and would report the whole flow as added.
const backend = flows.getBackend();
const addFlow = backend.addFlow.bind(backend);
backend.addFlow = async (entries) => {
  publishWaiting();
  const results = await addFlow(entries);
  const failed = results?.find(([err]) => err !== null);
  if (failed?.[0]) throw failed[0];
  return results;
};
producer.on('ready', canEnqueue);

// The connection logs its own errors; BullMQ repeats them.
flows.on('error', (err) => log.debug({ err }, 'Flow producer reports an error; its connection dials again'));
onStop('flows', () => flows.close());
for (const queue of Object.values(queues)) {
  queue.on('error', (err) => log.debug({ err }, 'Queue reports an error; its connection dials again'));
  onStop(`queue ${queue.name}`, () => queue.close());
}
