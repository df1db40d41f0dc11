import { store } from '../../shared/session.ts';

/** Removes what this browser keeps of an account: drafts, unsent messages, marks. */
export function forgetUser(id: number): void {
  const keys = Array.from({ length: store.length }, (_, i) => store.key(i));
  const theirs = new RegExp(`^parley\\.(draft|form|reply|unsent|export|rated|push)\\.${id}(\\.|$)`);
  for (const key of keys) if (key !== null && theirs.test(key)) store.removeItem(key);
}
