import { session, store } from '../../shared/session.ts';

/** What somebody wrote and did not send, per account and conversation. */
const key = (place: string) => `parley.draft.${session.user?.id}.${place}`;

export function draft(place: string): string {
  return store.getItem(key(place)) ?? '';
}

export function keepDraft(place: string, text: string): void {
  if (text === '') store.removeItem(key(place));
  else
    try {
      store.setItem(key(place), text);
    } catch {
      // The browser's storage is full: the text stays on the page.
    }
}
