import type { Lock, Store } from './types.ts';

type Locks = {
  request: (name: string, how: { signal: AbortSignal }, work: () => Promise<unknown>) => Promise<unknown>;
};

/** Longer than a request may take. A tab that the browser has suspended may hold a lock without end. */
const WAIT_MS = 40_000;

/**
 * Runs work under a lock that all tabs share; just runs it where the browser has or allows no such locks, and where another tab
 * does not give the lock back.
 */
export const tabLock: Lock = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const locks = (globalThis.navigator as { locks?: Locks } | undefined)?.locks;
  if (locks === undefined) return work();
  let granted = false;
  const locked = () => {
    granted = true;
    return work();
  };
  try {
    // The signal ends the waiting alone.
    return (await locks.request(name, { signal: AbortSignal.timeout(WAIT_MS) }, locked)) as T;
  } catch (err) {
    // A frame on another site may be denied locks, as it is denied storage.
    if (granted) throw err;
    return work();
  }
};

/** A store that lasts as long as the page, or the program. */
export function memoryStore(): Store {
  const map = new Map<string, string>();
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    key: (index) => [...map.keys()][index] ?? null,
    get length() {
      return map.size;
    },
  };
}

/** Returns localStorage; where the browser forbids it, a store that lasts as long as the page. */
export function pageStore(): Store {
  try {
    const { localStorage } = globalThis;
    localStorage.setItem('parley.probe', '1');
    localStorage.removeItem('parley.probe');
    return localStorage;
  } catch {
    return memoryStore();
  }
}
