import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '../../shared/base/log.ts';

/** Frames and events of clients that this process has not answered yet. */
const underWay = new Set<Promise<unknown>>();

/** Counts `work` as under way until it ends. `work` must not reject. */
export function noteUnderWay(work: Promise<unknown>): void {
  underWay.add(work);
  void work.then(() => underWay.delete(work));
}

/** Resolves when everything is answered, also what comes meanwhile, or after `limitMs`. */
export async function untilAnswered(limitMs: number): Promise<void> {
  if (underWay.size > 0)
    log.info(
      { messages: underWay.size },
      'Sockets wait for the answers to their messages; then they are closed',
    );
  const over = AbortSignal.timeout(limitMs);
  const limit = sleep(limitMs, undefined, { ref: false });
  while (underWay.size > 0 && !over.aborted) await Promise.race([Promise.all(underWay), limit]);
}
