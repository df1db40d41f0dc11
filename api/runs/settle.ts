import { type Aftermath, settle } from '../../shared/runs.ts';
import { onStop } from '../../shared/stop.ts';

const begun = new Set<Promise<void>>();
// Registered after the queues and connections it needs, so it runs before they close.
onStop('settling', () => Promise.all(begun));

/** Announces and delivers after the answer is out: the change is committed, nobody waits for Redis. */
export function settleInBackground(aftermath: Aftermath): void {
  const settling = settle(aftermath).finally(() => begun.delete(settling));
  begun.add(settling);
}
