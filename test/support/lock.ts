import type { Lock } from '../../web/sdk/types.ts';

/** Returns a lock that does work one after the other, as tabs of one browser do. */
export function oneAtATime(): Lock {
  let turn: Promise<unknown> = Promise.resolve();
  return <T>(_: string, work: () => Promise<T>) => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
}
