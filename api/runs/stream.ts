import { findRun, type RunRow } from '../../db/models/runView.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { invalid } from '../../shared/base/errors.ts';
import { log } from '../../shared/base/log.ts';
import { stopping } from '../../shared/base/stop.ts';
import { arrive } from '../../shared/delivery/presence.ts';
import { pushedTo } from '../../shared/delivery/pushes.ts';
import { SEQ } from './contract.ts';
import { resume, type Resumed } from '../../shared/conversations/resume.ts';

/** How often a stream reads the run's row. A push may be lost, or a run may end without one. */
const LOOK_MS = 1_000;
const HEARTBEAT_MS = 15_000;
const LINGER_MS = 10_000;

/**
 * Returns the seq after which a stream begins. A browser that reconnects sends the header and the old query, so the
 * header counts.
 * @throws Problem `validation_failed` for a header that is not a seq
 */
export function afterSeqOf(query: { after?: string }, lastEventId: string): number {
  if (lastEventId === '') return Number(query.after ?? 0);
  if (new RegExp(SEQ).test(lastEventId)) return Number(lastEventId);
  throw invalid('Last-Event-ID', 'must be a seq');
}

/**
 * Yields a run's events as the text of an SSE stream, up to its terminal event. The stream also ends when the log cannot
 * be read, this process stops, or `allowed` throws. The client then reconnects with Last-Event-ID.
 * @param first the events from before the stream began
 * @param allowed called each time the row is read; throws if the client may not read on
 */
export async function* eventStream(
  run: RunRow,
  afterSeq: number,
  first: Resumed,
  allowed: () => Promise<unknown>,
): AsyncGenerator<string> {
  const leave = arrive(run.user_id);
  try {
    yield 'retry: 1000\n\n';
    yield* follow(run, afterSeq, first, allowed);
  } catch (err) {
    log.info({ err, run_id: run.id }, 'Event stream ended early; its client may resume');
  } finally {
    // A stream ends with the answer, and acknowledges nothing: its reader counts as there for a moment longer.
    setTimeout(leave, LINGER_MS).unref();
  }
}

async function* follow(
  run: RunRow,
  afterSeq: number,
  first: Resumed,
  allowed: () => Promise<unknown>,
): AsyncGenerator<string> {
  let [row, seen, news]: [RunRow, number, Resumed] = [run, afterSeq, first];
  let [lookedAt, wroteAt] = [Date.now(), Date.now()];
  while (true) {
    if (news.events.length > 0 || Date.now() - wroteAt >= HEARTBEAT_MS) {
      yield news.events.map(frame).join('') || ':\n\n';
      wroteAt = Date.now();
    }
    if (news.done || stopping()) return;

    seen = news.events.at(-1)?.data.seq ?? seen;
    // Listens before it reads the log again, so that no push in between is missed.
    const pushed = pushedTo(run.user_id, run.id, LOOK_MS);
    if (Date.now() - lookedAt >= LOOK_MS) {
      await allowed();
      const found = await findRun(run.id, run.user_id);
      if (found === undefined) return;
      [row, lookedAt] = [found, Date.now()];
    }
    news = await resume(row, seen);
    if (news.events.length === 0 && !news.done) await pushed;
  }
}

/** Writes an event as SSE. JSON has no line breaks, so it fits one data line. */
function frame({ event, data }: RunEvent): string {
  return `id: ${data.seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
