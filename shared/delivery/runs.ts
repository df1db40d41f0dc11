import type { Delivery } from '../../db/models/run.ts';
import { findUnannounced } from '../../db/models/runView.ts';
import { markAnnounced } from '../../db/models/owed.ts';
import { gathered } from '../base/gathered.ts';
import { deliver } from './enqueue.ts';
import { type EndedRun, terminalEvent } from './runEvents.ts';
import { killPoint } from '../ops/killpoint.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';
import { tellNews } from './news.ts';
import type { Packet } from './push.ts';
import { closeLog } from './runlog.ts';
import { keepTrace, tracedStep } from '../ops/tracing.ts';

/** The result of a committed change: runs have ended, at most one has become the head of its conversation. */
export type Aftermath = {
  ended: (number | EndedRun)[];
  next: Delivery | null;
  /** A conversation of which devices and agents are to be told. */
  news?: number | null;
  /** What tells the user's devices of the message of `next`. */
  told?: Packet[];
};

/**
 * Announces ended runs, delivers the promoted run and tells the news of a conversation. Never throws: the change is committed,
 * and the reconciler does what fails here.
 */
export async function settle({ ended, next, news = null, told = [] }: Aftermath): Promise<void> {
  const results = await Promise.allSettled([
    deliver(next === null ? [] : [next], told),
    ...ended.map(announce),
    ...(news === null ? [] : [tellNews(news)]),
  ]);
  for (const result of results) {
    if (result.status === 'rejected')
      log.warn(
        { err: result.reason, ended: ended.map(idOf), next, news },
        'Runs not announced or delivered, or news not told; the reconciler will retry',
      );
  }
}

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

/**
 * Announces a run's end to its user's devices, unless that was done before. Every sender uses the same seq, so a second
 * event changes nothing that a client shows.
 * @param ended a run's id, or the ended run itself, which saves reading its row again
 */
export async function announce(ended: number | EndedRun): Promise<void> {
  const run = typeof ended === 'number' ? await findUnannounced(ended) : ended;
  if (run === undefined) return;
  await tracedStep('announce', run.id, async () => {
    await closeLog(run.user_id, terminalEvent(run));
    killPoint('run.closed', run.id);
    await marks.add(run.id);
    killPoint('run.announced', run.id);
  });
}

/**
 * Ms for which a mark waits for others, and marks of one statement. Nobody waits for a mark; the reconciler gives it two
 * seconds.
 */
const [TOGETHER_MS, MOST] = [100, 100];

/**
 * Returns a function that marks a run as announced, with others of this process. When a mark is lost, the end is announced
 * again under its seq.
 */
export function marksTogether(): (runId: number) => Promise<void> {
  return gathered(TOGETHER_MS, MOST, markAnnounced);
}

/** The marks of this process; in the model of a run's life (test/model) each process has its own. */
export const marks = { add: marksTogether() };

function idOf(ended: number | EndedRun): number {
  return typeof ended === 'number' ? ended : ended.id;
}
