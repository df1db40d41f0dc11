import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Call } from '../standin/calls.ts';
import { createStandin } from '../standin/server.ts';

export { hashOf } from '../standin/calls.ts';

export type Provider = {
  /** For OPENAI_BASE_URL; ends in /v1. */
  url: string;
  /** Copies of the calls so far, oldest first. */
  calls(): Call[];
  /** Resolves when the calls satisfy the check, without polling; rejects after timeoutMs (5000). */
  until(check: (calls: Call[]) => boolean, timeoutMs?: number): Promise<void>;
  /** Holds every chunk. @param after instead, holds each new stream after this number of content chunks */
  pause(after?: number): void;
  resume(): void;
  /** Forgets calls, [[times]] counts and a pause. */
  reset(): void;
  stop(): Promise<void>;
};

/**
 * Starts the stand-in for the model in this process.
 * @param chunkMs milliseconds between two chunks of a stream
 * @param port 0 is any free one
 */
export async function startProvider({
  chunkMs,
  port = 0,
}: {
  chunkMs: number;
  port?: number;
}): Promise<Provider> {
  const { server, calls } = createStandin({ chunkMs });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: () => calls.list(),
    until: (check, timeoutMs = 5000) => calls.until(check, AbortSignal.timeout(timeoutMs)),
    pause: (after) => calls.pause(after),
    resume: () => calls.resume(),
    reset: () => calls.reset(),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
