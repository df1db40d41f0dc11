import type { Queue } from 'bullmq';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Delivery } from '../../db/models/run.ts';
import { problem } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { answerFlow, jobOptions, type Payloads, type SingleJob, type SingleName, singles } from './jobs.ts';
import { killPoint } from '../ops/killpoint.ts';
import type { Packet } from './push.ts';
import { canEnqueue, flows, loadScripts, publishFirst, queues } from './queues.ts';

/**
 * Adds the flows of runs. Flows of one turn of the event loop go to Redis together.
 * @param before packets to publish first, in the same write: where Redis has the flows, it has published these
 * @throws Problem `service_unavailable` while Redis is away. A caller that has committed ignores that: the delivery is owed
 */
export async function deliver(deliveries: Delivery[], before: Packet[] = []): Promise<void> {
  if (deliveries.length === 0) return;
  if (!canEnqueue()) throw problem('service_unavailable', 'Jobs cannot be added at the moment');
  batch.push(...deliveries);
  packets.push(...before);
  adding ??= addBatch();
  await adding;
  killPoint('run.delivered', deliveries[0]?.run_id ?? 0);
}

let batch: Delivery[] = [];
let packets: Packet[] = [];
let adding: Promise<void> | undefined;

async function addBatch(): Promise<void> {
  await nextTurn();
  const flowsToAdd = batch.map(answerFlow);
  publishFirst(packets);
  [batch, packets] = [[], []];
  adding = undefined;
  try {
    await flows.addBulk(flowsToAdd);
  } catch (err) {
    // Redis has lost its scripts (SCRIPT FLUSH).
    if (String(err).includes('NOSCRIPT')) void loadScripts().catch(() => {});
    throw err;
  }
}

/**
 * Adds a job, unless one with its id is queued or running. Adds nothing where the catalog says that it is not wanted.
 * @throws where Redis is away; Postgres owes the work, and the reconciler will enqueue it
 */
export async function enqueue<Name extends SingleName>(name: Name, payload: Payloads[Name]): Promise<void> {
  const { id, wanted, kept }: SingleJob<Name> = singles[name];
  if (wanted?.() === false) return;
  const queue: Queue = queues[name];
  await queue.add(name, payload, { ...jobOptions(name), ...kept, jobId: id(payload) });
}

/**
 * Adds a job of work that has committed, without waiting for Redis. Never throws, and catches the rejection, which would end
 * the process. The reconciler enqueues what this call could not.
 */
export function enqueueSoon<Name extends SingleName>(name: Name, payload: Payloads[Name]): void {
  enqueue(name, payload).catch((err: unknown) =>
    log.debug({ err, queue: name }, 'Job not enqueued; the reconciler enqueues it'),
  );
}
