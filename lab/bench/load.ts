import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Closes the posts' keep-alive connections. */
export function hangUp(): void {
  agent.destroy();
}

/** Posts JSON. Returns the answer's body. @throws Error for an answer other than 2xx */
export function post<T>(port: number, path: string, body: unknown, token: string): Promise<T> {
  const payload = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        agent,
        port,
        path,
        host: '127.0.0.1',
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(payload),
          authorization: `Bearer ${token}`,
        },
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(text) as T);
          else reject(new Error(`${answer.statusCode} ${text}`));
        });
      },
    );
    call.on('error', reject);
    call.end(payload);
  });
}

/** Runs a closed loop: `width` callers, each with the next call right after an answer. Returns calls per second. */
export async function ceiling(
  width: number,
  seconds: number,
  call: (i: number) => Promise<unknown>,
): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  let done = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (performance.now() < end) {
        await call(done);
        done += 1;
      }
    }),
  );
  return done / seconds;
}

/**
 * Runs an open loop: calls begin at a fixed rate, without regard to earlier answers. Returns the sorted latencies in ms,
 * each from the time when the call was due.
 */
export async function latencies(
  rate: number,
  seconds: number,
  call: (i: number) => Promise<number | void>,
): Promise<number[]> {
  const began = performance.now();
  const times: number[] = [];
  const calls: Promise<void>[] = [];
  for (let i = 0; i < rate * seconds; i += 1) {
    const due = began + (i * 1_000) / rate;
    const wait = due - performance.now();
    if (wait > 1) await sleep(wait);
    calls.push(
      call(i).then((at) => {
        times.push((at ?? performance.now()) - due);
      }),
    );
  }
  await Promise.all(calls);
  return times.toSorted((a, b) => a - b);
}

export function percentile(sorted: number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

export function median(values: number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    50,
  );
}
