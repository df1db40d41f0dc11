import { createParser } from 'eventsource-parser';
import { parsed } from './post.ts';

/** Characters of a single event beyond which the provider has gone wrong. */
const MOST_OF_AN_EVENT = 1_000_000;

/**
 * The JSON of each event of a stream, `done` for `[DONE]`. A body that is no event stream is one JSON answer, whatever
 * its content type says. Comments, pings and empty events are left out.
 * @param alive called for each piece of the body that arrives
 * @throws Error where an event is too long; SyntaxError where one is no JSON
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
  // The last event's blank line may be missing.
  parser.feed('\n\n');
  for (const data of ready.splice(0)) if (data.trim() !== '') yield read(data);
}

function read(data: string): unknown {
  return data.trim() === '[DONE]' ? 'done' : JSON.parse(data);
}
