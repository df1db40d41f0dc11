/** Returns a function that shares one call of `work`: while a call is under way, further callers get its result. */
export function together<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/**
 * Returns a function that does `work` at most once in `ms`: until then, further callers get the result of the last call, an error
 * as well.
 */
export function atMostEvery<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let last: { result: Promise<T>; until: number } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now >= last.until) last = { result: work(), until: now + ms };
    return last.result;
  };
}
