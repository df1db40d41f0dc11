import type { RunRow } from '../../db/models/runView.ts';
import { problem } from '../base/errors.ts';
import { type EndedRun, isTerminal, type RunEvent, terminalEvent } from '../delivery/runEvents.ts';
import { log } from '../base/log.ts';
import { type LogTail, readLog } from '../delivery/runlog.ts';

/** What came after a seq. `done`: nothing more will; `reset`: what the client shows is to be replaced. */
export type Resumed = { events: RunEvent[]; done: boolean; reset?: true };

/**
 * What a client that saw everything up to `afterSeq` has missed of a run.
 * @param run its row, read before: a log that is read later is never behind it by more than it says
 * @throws `service_unavailable` when the run goes on and its log cannot be read
 */
export async function resume(run: RunRow, afterSeq: number): Promise<Resumed> {
  if (!hasEnded(run)) return resumeRunning(await readLog(run.id, afterSeq).catch(refuse));
  if (afterSeq > run.last_seq) return { events: [], done: true };
  const tail = await readLog(run.id, afterSeq).catch(goWithout);
  if (tail?.closed) return { events: tail.events, done: true };

  // The log lacks the terminal event alone, or is of no use any more.
  const whole = tail?.attempt === run.attempt && tail.lastSeq === run.last_seq;
  if (whole) return { events: [...tail.events, terminalEvent(run)], done: true };
  return { events: [terminalEvent(run)], done: true, reset: true };
}

function resumeRunning(tail: LogTail | null): Resumed {
  if (tail === null) return { events: [], done: false };
  return { events: tail.events, done: tail.closed || tail.events.some(isTerminal) };
}

function hasEnded(run: RunRow): run is RunRow & EndedRun {
  return run.completed_at !== null;
}

function refuse(cause: unknown): never {
  throw problem('service_unavailable', 'The log of this run cannot be read just now.', {
    retryAfterS: 1,
    cause,
  });
}

/** The row has all there is to show of an ended run. */
function goWithout(err: unknown): null {
  log.warn({ err }, 'run log unreadable');
  return null;
}
