import { createRequire } from 'node:module';
import type * as bullmq from 'bullmq';

const load = createRequire(import.meta.url);

/** Where BullMQ keeps the classes that Parley uses. */
const FILES = {
  DelayedError: 'errors/delayed-error.js',
  FlowProducer: 'flow-producer.js',
  Queue: 'queue.js',
  UnrecoverableError: 'errors/unrecoverable-error.js',
  Worker: 'worker.js',
};

/**
 * Loads a class of BullMQ from its own file. The package's index also loads what Parley does not use: BullMQ on PostgreSQL,
 * other clients of Redis, jobs in processes of their own.
 * @throws Error at start for a release of BullMQ that keeps its classes elsewhere
 */
export function ofBullmq<Name extends keyof typeof FILES>(name: Name): (typeof bullmq)[Name] {
  const found = (load(`bullmq/dist/cjs/classes/${FILES[name]}`) as typeof bullmq)[name];
  if (typeof found !== 'function')
    throw new Error(`BullMQ keeps ${name} elsewhere: see shared/delivery/bullmq.ts`);
  return found;
}
