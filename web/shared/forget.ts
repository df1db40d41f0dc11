import { store } from './session.ts';

/** Days after its last visit for which this browser keeps what an account left here. */
const KEPT_DAYS = 30;
const OF_AN_ACCOUNT = /^parley\.(?:draft|form|reply|unsent|export|rated|push|visit)\.(\d+)(?:\.|$)/;

/** Removes what this browser keeps of an account: drafts, unsent messages, marks. */
export function forgetUser(id: number): void {
  for (const [key, owner] of kept()) if (owner === id) store.removeItem(key);
}

/**
 * Notes that an account is here, and removes what others left that were not here for long: such an account may be erased by now,
 * elsewhere. What nobody's visit was noted for is kept as of today.
 */
export function noteVisit(id: number, now = Date.now()): void {
  for (const owner of new Set([id, ...kept().map(([, one]) => one)])) {
    const visit = `parley.visit.${owner}`;
    const last = owner === id ? null : store.getItem(visit);
    if (last !== null && now - Number(last) > KEPT_DAYS * 86_400_000) forgetUser(owner);
    else if (last === null) note(visit, now);
  }
}

/** Notes that an account is still here, unless it was forgotten: it may be erased. */
export function renewVisit(id: number): void {
  if (store.getItem(`parley.visit.${id}`) !== null) noteVisit(id);
}

function note(key: string, now: number): void {
  try {
    store.setItem(key, String(now));
  } catch {
    // The browser's storage is full: nothing is removed for now.
  }
}

function kept(): [key: string, owner: number][] {
  return Array.from({ length: store.length }, (_, i) => store.key(i) ?? '').flatMap((key) => {
    const owner = OF_AN_ACCOUNT.exec(key)?.[1];
    return owner === undefined ? [] : [[key, Number(owner)] as [string, number]];
  });
}
