import { findUnannounced } from '../db/models/runView.ts';
import { markAnnounced } from '../db/models/owed.ts';
import { deliver } from './enqueue.ts';
import { terminalEvent } from './events.ts';
import { log } from './log.ts';
import { closeLog } from './runlog.ts';

/** What follows from a committed change of runs: some have ended, at most one has become the head. */
export type Aftermath = { ended: number[]; next_run: number | null; next_generation: number | null };

/**
 * Announces ended runs and delivers the promoted one. Never throws: the change is committed, and what cannot
 * be done now is owed to the reconciler.
 */
export async function settle({ ended, next_run, next_generation }: Aftermath): Promise<void> {
  const next =
    next_run === null || next_generation === null ? [] : [{ run_id: next_run, generation: next_generation }];
  const results = await Promise.allSettled([deliver(next), ...ended.map(announce)]);
  for (const result of results) {
    if (result.status === 'rejected')
      log.warn({ err: result.reason, ended, next_run }, 'left to the reconciler');
  }
}

/**
 * Tells a user's devices that a run has ended, from its row; nothing happens when that was done already.
 * The event has one seq whoever sends it, so a second sending changes nothing that a client shows.
 */
export async function announce(runId: number): Promise<void> {
  const run = await findUnannounced(runId);
  if (run === null) return;
  await closeLog(run.user_id, terminalEvent(run));
  await markAnnounced(runId);
}
