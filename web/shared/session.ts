import { useSyncExternalStore } from 'react';
import { pageStore, tabLock } from '../sdk/browser.ts';
import { Session, type SessionState } from '../sdk/session.ts';
import type { User } from '../sdk/types.ts';
import { base } from './root.ts';

export const store = pageStore();

/** The sign-in of this page. Its refresh token lies in a cookie that scripts cannot read. */
export const session = new Session({ base, store, lock: tabLock, keep: 'cookie' });

export function useUser(): User | null {
  return useSyncExternalStore(session.subscribe, () => session.user);
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

// Another tab signed out, or signed in as somebody else.
addEventListener('storage', ({ key, newValue }) => {
  if (key !== 'parley.session') return;
  if (newValue === null) session.ended();
  else void session.refresh().catch(() => {});
});
