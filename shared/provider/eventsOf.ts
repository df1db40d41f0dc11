import { createParser } from 'eventsource-parser';
import { parsed } from './post.ts';

/** Characters of one event; a longer one is a provider's fault. */
const MOST_OF_AN_EVENT = 1_000_000;

/**
 * Yields the JSON of each event of a stream, and `done` for `[DONE]`. Skips comments, pings and empty events. Reads a
 * body that is not an event stream as one JSON answer, whatever its content type says.
 * @param alive called for each piece of the body that arrives
 * @throws Error when an event is too long; SyntaxError when an event is not JSON
 */
export async function* eventsOf(body: AsyncIterable<Uint8Array>, alive: () => void): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  const ready: string[] = [];
  let [sawEvent, sinceEvent, start] = [false, 0, ''];
  const parser = createParser({
    onEvent({ data }) {
      sawEvent = true;
      sinceEvent = 0;
      ready.push(data);
    },
    onComment() {
      sawEvent = true;
      sinceEvent = 0;
    },
  });
  for await (const bytes of body) {
    alive();
    const text = decoder.decode(bytes, { stream: true });
    sinceEvent += text.length;
    parser.feed(text);
    if (sinceEvent > MOST_OF_AN_EVENT)
      throw new Error(`an event of more than ${MOST_OF_AN_EVENT} characters`);
    if (!sawEvent) start += text;
    for (const data of ready.splice(0)) if (data.trim() !== '') yield read(data);
  }
  if (!sawEvent && start.trim() !== '') {
    const answer = parsed(start);
    if (typeof answer === 'object') return yield answer;
  }
  // The stream may lack the blank line after the last event.
  parser.feed('\n\n');
  for (const data of ready.splice(0)) if (data.trim() !== '') yield read(data);
}

function read(data: string): unknown {
  return data.trim() === '[DONE]' ? 'done' : JSON.parse(data);
}
