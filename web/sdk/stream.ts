import type { RunEvent } from './events.ts';
import { headersOf, Unreachable } from './http.ts';

type Reading = {
  base: string;
  token: string;
  run: number;
  /** The last `seq` that is known. */
  after: number;
  take: (event: RunEvent) => void;
  signal?: AbortSignal | null;
};

/**
 * Reads a run's events after a seq as server-sent events, to the terminal one.
 * @returns whether the run is there: its conversation may have been deleted
 * @throws Unreachable when the stream breaks off
 */
export async function readRun({ base, token, run, after, take, signal = null }: Reading): Promise<boolean> {
  try {
    const answer = await fetch(`${base}/api/v1/runs/${run}/events?after=${after}`, {
      headers: headersOf({ token }),
      signal,
    });
    if (!answer.ok || answer.body === null) {
      await answer.body?.cancel();
      if (answer.ok || answer.status === 404) return answer.ok;
      throw new Error(String(answer.status));
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const blocks = (rest + next.value).split(/\r?\n\r?\n/);
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const { event, data } = fieldsOf(block);
          if (event && data) take({ event, data: JSON.parse(data) } as RunEvent);
        }
      }
      return true;
    } finally {
      // After an event that cannot be read, nobody reads on.
      void reader.cancel().catch(() => {});
    }
  } catch (cause) {
    throw new Unreachable(cause);
  }
}

/**
 * Returns the fields of a server-sent event, each of one line, as Parley sends them. A parser of all that the format allows is a
 * twelfth of the widget.
 */
function fieldsOf(block: string): Record<string, string> {
  return Object.fromEntries(block.split(/\r?\n/).map((line) => line.split(/: ?(.*)/s, 2)));
}
