/** Listeners to a value that hooks read: `subscribe` is for `useSyncExternalStore`, `changed` tells them all. */
export function listeners() {
  const all = new Set<() => void>();
  return {
    subscribe: (listener: () => void) => {
      all.add(listener);
      return () => void all.delete(listener);
    },
    changed: () => {
      for (const listener of all) listener();
    },
  };
}
