/** The stand-in for the model, in a process. BENCH_DELAYS as in lab/kit/bareProvider.ts. Sends its port on IPC. */
import type { AddressInfo } from 'node:net';
import { createStandin } from '../../standin/server.ts';

const DELAYS: { moderation?: number; embedding?: number; chat?: number } = JSON.parse(
  process.env.BENCH_DELAYS ?? '{}',
);
const { server } = createStandin({ chunkMs: 0 });
const [answer] = server.listeners('request');
server.removeAllListeners('request').on('request', (request, response) => {
  const delay = delayOf(request.url ?? '');
  if (delay > 0) setTimeout(() => answer?.call(server, request, response), delay);
  else answer?.call(server, request, response);
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());

function delayOf(url: string): number {
  if (url.endsWith('/chat/completions')) return DELAYS.chat ?? 0;
  return (url.endsWith('/moderations') ? DELAYS.moderation : DELAYS.embedding) ?? 0;
}
