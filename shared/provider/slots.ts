import type { Provider } from './config.ts';

/** By provider: this process's running calls, and the calls that wait. */
const taken = new Map<string, { running: number; waiting: (() => void)[] }>();

/** Waits for a free slot of a provider. Returns a function that frees the slot. Rejects when the signal aborts. */
export async function slotOf({ name, slots }: Provider, signal?: AbortSignal): Promise<() => void> {
  if (slots === null) return () => {};
  const calls = taken.get(name) ?? { running: 0, waiting: [] };
  taken.set(name, calls);
  if (calls.running < slots) calls.running += 1;
  else await turn(calls.waiting, signal);
  return () => {
    const next = calls.waiting.shift();
    // The next waiting call takes over the slot.
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
      const position = waiting.indexOf(mine);
      if (position >= 0) waiting.splice(position, 1);
      reject(signal?.reason);
    };
    waiting.push(mine);
    signal?.addEventListener('abort', leave, { once: true });
  });
}
