import { useSyncExternalStore } from 'react';
import { listeners } from '../../shared/listeners.ts';

/** Conversations in which a person is writing. A sign ends unless it is renewed. */
const writing = new Map<number, ReturnType<typeof setTimeout>>();
const { subscribe, changed } = listeners();
const SHOWN_MS = 6_000;

export function setTyping(conversation: number, on: boolean): void {
  clearTimeout(writing.get(conversation));
  writing.delete(conversation);
  if (on)
    writing.set(
      conversation,
      setTimeout(() => setTyping(conversation, false), SHOWN_MS),
    );
  changed();
}

export function useTyping(conversation: number | undefined): boolean {
  return useSyncExternalStore(subscribe, () => conversation !== undefined && writing.has(conversation));
}
