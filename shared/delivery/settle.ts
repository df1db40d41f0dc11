import { type Aftermath, settle } from './runs.ts';
import { onStop } from '../base/stop.ts';
import { keepTrace } from '../ops/tracing.ts';

const begun = new Set<Promise<void>>();
// Registered after the queues and connections it needs, so it runs before they close.
onStop('settling', () => Promise.all(begun));

/**
 * Announces and delivers after the answer is out: the change is committed, nobody waits for Redis.
 * @param accepted the run that this request stored; its stages belong to the request's trace
 */
export function settleInBackground(aftermath: Aftermath, accepted?: number): void {
  const settling = follow(aftermath, accepted).finally(() => begun.delete(settling));
  begun.add(settling);
}

async function follow(aftermath: Aftermath, accepted: number | undefined): Promise<void> {
  // Before the delivery: the stages look for it.
  if (accepted !== undefined) await keepTrace(accepted);
  await settle(aftermath);
}
