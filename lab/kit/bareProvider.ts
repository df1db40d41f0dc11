/**
 * A provider without a model and without delay, with OpenAI's API. The last message's `tokens:N` gives the number of
 * tokens, `gap:MS` the ms between them. BENCH_DELAYS: JSON of the ms before each endpoint's answer. Sends its port on IPC.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const VECTOR = Array.from({ length: 1536 }, (_, i) => (i === 0 ? 1 : 0));
const EMBEDDING = JSON.stringify(VECTOR);

/** Only the figure of a slow provider sets delays. */
const DELAYS: { moderation?: number; embedding?: number; chat?: number } = JSON.parse(
  process.env.BENCH_DELAYS ?? '{}',
);

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => void answer(request.url ?? '', body, response));
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());

async function answer(url: string, body: string, response: ServerResponse): Promise<void> {
  const delay = delayOf(url);
  if (delay > 0) await sleep(delay);
  if (url.endsWith('/chat/completions')) return stream(body, response);
  response.setHeader('content-type', 'application/json');
  if (url.endsWith('/moderations')) {
    response.end('{"id":"m","model":"bench","results":[{"flagged":false,"categories":{}}]}');
  } else if (url.endsWith('/embeddings')) {
    const { input } = JSON.parse(body) as { input: string | string[] };
    const data = [input]
      .flat()
      .map((_, index) => `{"object":"embedding","index":${index},"embedding":${EMBEDDING}}`);
    response.end(
      `{"object":"list","model":"bench","data":[${data.join()}],"usage":{"prompt_tokens":1,"total_tokens":1}}`,
    );
  } else {
    response.end('{"object":"list","data":[]}');
  }
}

function delayOf(url: string): number {
  if (url.endsWith('/chat/completions')) return DELAYS.chat ?? 0;
  return (url.endsWith('/moderations') ? DELAYS.moderation : DELAYS.embedding) ?? 0;
}

async function stream(body: string, response: ServerResponse): Promise<void> {
  const tokens = Number(/.*tokens:(\d+)/s.exec(body)?.[1] ?? 32);
  const gap = Number(/.*gap:(\d+)/s.exec(body)?.[1] ?? 0);
  response.setHeader('content-type', 'text/event-stream');
  for (let i = 0; i < tokens; i += 1) {
    response.write(event(`{"index":0,"delta":{"content":"word${i} "},"finish_reason":null}`));
    if (gap > 0) await sleep(gap);
  }
  response.write(event('{"index":0,"delta":{},"finish_reason":"stop"}'));
  response.end(
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}}\n\ndata: [DONE]\n\n',
  );
}

function event(choice: string): string {
  return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[${choice}]}\n\n`;
}
