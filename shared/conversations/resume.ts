import type { RunRow } from '../../db/models/runView.ts';
import { problem } from '../base/errors.ts';
import { type EndedRun, isTerminal, type RunEvent, terminalEvent } from '../delivery/runEvents.ts';
import { log } from '../base/log.ts';
import { type LogTail, readLog } from '../delivery/runlog.ts';

/** The events after a seq. `done`: no more will come. `reset`: the client must replace what it shows. */
export type Resumed = { events: RunEvent[]; done: boolean; reset?: true };

/**
 * Returns the events of a run that a client has missed after `afterSeq`.
 * @param run the row, read before this call, because the log must be read after the row
 * @throws Problem `service_unavailable` if the run has not ended and its log cannot be read
 */
export async function resume(run: RunRow, afterSeq: number): Promise<Resumed> {
  if (!hasEnded(run)) return resumeRunning(await readLog(run.id, afterSeq).catch(refuse));
  if (afterSeq > run.last_seq) return { events: [], done: true };
  const tail = await readLog(run.id, afterSeq).catch(goWithout);
  if (tail?.closed) return { events: tail.events, done: true };

  // The log lacks only the terminal event, or is incomplete.
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
  throw problem('service_unavailable', 'The log of this run cannot be read at the moment', {
    retryAfterS: 1,
    cause,
  });
}

/** Goes on without the log: the row of an ended run has its whole text. */
function goWithout(err: unknown): null {
  log.warn({ err }, 'Run log not read; the row answers instead');
  return null;
}
