/**
 * Returns a function that adds something to the next batch, and resolves with that batch. `work` takes one batch at a time: what is
 * added meanwhile makes the next one. So a busy second makes batches larger and not more.
 * @param most how many a batch holds
 */
export function inBatches<T>(most: number, work: (batch: T[]) => Promise<void>): (one: T) => Promise<void> {
  type Batch = { of: T[]; done: Promise<void> };
  let next: Batch | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function begin(): Batch {
    const of: T[] = [];
    const before = last;
    const done = (async () => {
      await before;
      if (next?.of === of) next = undefined;
      await work(of);
    })();
    last = done.catch(() => {});
    return { of, done };
  }

  return (one) => {
    if (next === undefined || next.of.length >= most) next = begin();
    next.of.push(one);
    return next.done;
  };
}
