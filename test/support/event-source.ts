import { setTimeout as sleep } from 'node:timers/promises';

export type SentEvent = { id: string; event: string; data: string };

/** A stream of server-sent events, read as browsers do, but with a bearer token, which they cannot send. */
export type EventSource = {
  events: SentEvent[];
  connections: () => number;
  /** Comment lines: heartbeats. */
  comments: () => number;
  /** Resolves when the server refuses (any status but 200), or after `close`. */
  over: Promise<number>;
  /** Resolves to the first past or future event that fits; rejects after 30 s. */
  until: (fits: (event: SentEvent) => boolean) => Promise<SentEvent>;
  close: () => void;
};

/** Reads as the standard says: redials an ended stream after `retry`, with the last id. */
export function openEventSource(url: string, token: string, lastEventId = ''): EventSource {
  const events: SentEvent[] = [];
  const ending = new AbortController();
  const waiting = new Set<() => void>();
  let [connections, comments, retryMs] = [0, 0, 3_000];

  async function run(): Promise<number> {
    while (!ending.signal.aborted) {
      const status = await connect().catch(() => 200);
      if (status !== 200) return status;
      await sleep(retryMs, undefined, { signal: ending.signal }).catch(() => {});
    }
    return 200;
  }
  async function connect(): Promise<number> {
    const headers = {
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
      ...(lastEventId && { 'last-event-id': lastEventId }),
    };
    const answer = await fetch(url, { headers, signal: ending.signal });
    if (answer.status !== 200) return answer.status;
    connections += 1;
    let text = '';
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      blocks.forEach(take);
    }
    return 200;
  }
  function take(block: string): void {
    const found = { id: lastEventId, event: 'message', data: [] as string[] };
    for (const line of block.split('\n')) {
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (field === '') comments += 1;
      if (field === 'retry') retryMs = Number(value);
      if (field === 'id') lastEventId = value;
      if (field === 'event') found.event = value;
      if (field === 'data') found.data.push(value);
    }
    if (found.data.length === 0) return;
    events.push({ id: lastEventId, event: found.event, data: found.data.join('\n') });
    for (const look of waiting) look();
  }

  return {
    events,
    connections: () => connections,
    comments: () => comments,
    over: run(),
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(fits);
          if (!found) return;
          waiting.delete(look);
          clearTimeout(timer);
          resolve(found);
        };
        const complain = () => reject(new Error(`not among ${JSON.stringify(events.slice(-5))}`));
        const timer = setTimeout(complain, 30_000);
        waiting.add(look);
        look();
      }),
    close: () => ending.abort(),
  };
}
