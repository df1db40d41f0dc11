import { useSyncExternalStore } from 'react';

/** Conversations in which a person is writing. A sign ends unless it is renewed. */
const writing = new Map<number, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();
const SHOWN_MS = 6_000;

export function setTyping(conversation: number, on: boolean): void {
  clearTimeout(writing.get(conversation));
  writing.delete(conversation);
  if (on)
    writing.set(
      conversation,
      setTimeout(() => setTyping(conversation, false), SHOWN_MS),
    );
  for (const listener of listeners) listener();
}

export function useTyping(conversation: number | undefined): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => conversation !== undefined && writing.has(conversation),
  );
}
