import type { Provider } from './config.ts';

/** Calls of this process at a provider, and those that wait for their turn. */
const taken = new Map<string, { running: number; waiting: (() => void)[] }>();

/** Resolves when the provider may be called once more, with what gives the place back. Rejects when the signal aborts. */
export async function slotOf({ name, slots }: Provider, signal?: AbortSignal): Promise<() => void> {
  if (slots === null) return () => {};
  const calls = taken.get(name) ?? { running: 0, waiting: [] };
  taken.set(name, calls);
  if (calls.running < slots) calls.running += 1;
  else await turn(calls.waiting, signal);
  return () => {
    const next = calls.waiting.shift();
    // The place goes over to whoever waits for it.
    if (next) next();
    else calls.running -= 1;
  };
}

function turn(waiting: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const mine = () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      const place = waiting.indexOf(mine);
      if (place >= 0) waiting.splice(place, 1);
      reject(signal?.reason);
    };
    waiting.push(mine);
    signal?.addEventListener('abort', leave, { once: true });
  });
}
