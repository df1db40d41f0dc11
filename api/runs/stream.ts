import { findRun, type RunRow } from '../../db/models/runView.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { problem } from '../../shared/base/errors.ts';
import { log } from '../../shared/base/log.ts';
import { stopping } from '../../shared/base/stop.ts';
import { pushedTo } from '../../shared/delivery/pushes.ts';
import { SEQ } from './contract.ts';
import { resume, type Resumed } from '../../shared/conversations/resume.ts';

/** A push may be lost, a run may end without one: the row is looked at this often, whatever is pushed. */
const LOOK_MS = 1_000;
const HEARTBEAT_MS = 15_000;

/**
 * Where a stream begins. Browsers come again with the header and the old query: the header is newer.
 * @throws Problem `validation_failed` for a header that is not a seq
 */
export function afterSeqOf(query: { after?: string }, lastEventId: string): number {
  if (lastEventId === '') return Number(query.after ?? 0);
  if (new RegExp(SEQ).test(lastEventId)) return Number(lastEventId);
  const errors = [{ path: 'Last-Event-ID', message: 'must be a seq' }];
  throw problem('validation_failed', undefined, { errors });
}

/**
 * A run's events as the text of an SSE stream, to its terminal event. It also ends, for the client to come again
 * with Last-Event-ID, when the log becomes unreadable, this process stops, or `allowed` throws.
 * @param first what had come when the stream began
 * @param allowed asked with every look at the row
 */
export async function* eventStream(
  run: RunRow,
  afterSeq: number,
  first: Resumed,
  allowed: () => Promise<unknown>,
): AsyncGenerator<string> {
  yield 'retry: 1000\n\n';
  try {
    yield* follow(run, afterSeq, first, allowed);
  } catch (err) {
    log.info({ err, run_id: run.id }, 'event stream ended early');
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
    // Listening begins before the log is read again, or a push in between would go unheard.
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

/** JSON has no line breaks, so one data line holds it. */
function frame({ event, data }: RunEvent): string {
  return `id: ${data.seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
