import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Call } from '../../lab/standin/calls.ts';
import { createStandin } from '../../lab/standin/server.ts';

export { hashOf } from '../../lab/standin/calls.ts';

export type Provider = {
  url: string;
  calls(): Call[];
  /** Resolves when the calls satisfy the check, without polling; rejects after timeoutMs (5000). */
  until(check: (calls: Call[]) => boolean, timeoutMs?: number): Promise<void>;
  /** Holds every chunk or, with `after`, each stream that begins from now on after so many content chunks. */
  pause(after?: number): void;
  resume(): void;
  /** Forgets calls, [[times]] counts and a pause. */
  reset(): void;
  stop(): Promise<void>;
};

/**
 * Starts the stand-in for the model in this process, at full speed, at OPENAI_BASE_URL. `npm test` chose that
 * port, because workers in this process have already read it.
 */
export async function startProvider(): Promise<Provider> {
  const { server, calls } = createStandin({ chunkMs: Number(process.env.STANDIN_CHUNK_MS ?? 0) });
  server.listen(Number(URL.parse(process.env.OPENAI_BASE_URL ?? '')?.port ?? 0), '127.0.0.1');
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
