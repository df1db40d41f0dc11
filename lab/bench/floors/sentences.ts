/**
 * A slow provider, to measure the output guard: sentences of TOKENS tokens, GAP ms between two tokens, and MODERATION ms
 * for each verdict. Sends its port on IPC.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MODERATION, SENTENCES, TOKENS, GAP } from '../figures/guard.ts';

const server = createServer((request, response) => {
  request.resume().on('end', () => void answer(request.url ?? '', response));
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());

async function answer(url: string, response: ServerResponse): Promise<void> {
  if (url.endsWith('/chat/completions')) return stream(response);
  if (url.endsWith('/moderations')) await sleep(MODERATION);
  response.setHeader('content-type', 'application/json');
  response.end(
    url.endsWith('/moderations')
      ? '{"id":"m","model":"bench","results":[{"flagged":false,"categories":{}}]}'
      : '{"object":"list","data":[]}',
  );
}

async function stream(response: ServerResponse): Promise<void> {
  response.setHeader('content-type', 'text/event-stream');
  // Every answer has a new text, so that no verdict comes from the cache.
  const topic = Math.random().toString(36).slice(2);
  for (let i = 1; i <= SENTENCES * TOKENS; i += 1) {
    const end = i % TOKENS === 0 ? '../../../lab/bench/floors' : '';
    response.write(event(`{"index":0,"delta":{"content":"${topic}${i}${end} "},"finish_reason":null}`));
    await sleep(GAP);
  }
  response.write(event('{"index":0,"delta":{},"finish_reason":"stop"}'));
  response.end('data: [DONE]\n\n');
}

function event(choice: string): string {
  return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[${choice}]}\n\n`;
}
