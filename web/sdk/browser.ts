import type { Lock, Store } from './types.ts';

type Locks = { request: (name: string, work: () => Promise<unknown>) => Promise<unknown> };

/** Runs work under a lock that all tabs share; without such locks, just runs it. */
export const tabLock: Lock = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const locks = (globalThis.navigator as { locks?: Locks } | undefined)?.locks;
  return (locks === undefined ? await work() : await locks.request(name, work)) as T;
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
    const { localStorage } = globalThis as unknown as { localStorage: Store & { length: number } };
    localStorage.setItem('parley.probe', '1');
    localStorage.removeItem('parley.probe');
    return localStorage;
  } catch {
    return memoryStore();
  }
}
