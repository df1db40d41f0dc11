import { type Aftermath, settle } from './runs.ts';
import { onStop } from '../base/stop.ts';
import { keepTrace } from '../ops/tracing.ts';

const begun = new Set<Promise<void>>();
// Registered after the queues and connections that it needs, so it runs before they close.
onStop('settling', () => Promise.all(begun));

/**
 * Announces and delivers runs after the answer to the client: the change is committed, and the client need not wait for
 * Redis.
 * @param accepted the run that this request stored; its stages belong to the request's trace
 */
export function settleInBackground(aftermath: Aftermath, accepted?: number): void {
  const settling = follow(aftermath, accepted).finally(() => begun.delete(settling));
  begun.add(settling);
}

async function follow(aftermath: Aftermath, accepted: number | undefined): Promise<void> {
  // The stages look for the trace, so it is stored before the delivery.
  if (accepted !== undefined) await keepTrace(accepted);
  await settle(aftermath);
}
