/**
 * Gathers what comes within a while, so that one call works all of it. Such calls do not wait for each other.
 * @param ms after which a batch is worked, counted from its first item
 * @param most items of one batch; a full batch is worked at once
 * @returns a function that adds an item. It resolves when the item's batch was worked, and throws what working it threw
 */
export function gathered<T>(
  ms: number,
  most: number,
  work: (batch: T[]) => Promise<void>,
): (item: T) => Promise<void> {
  let open: { items: T[]; worked: Promise<void>; close: () => void } | undefined;

  function begin(): NonNullable<typeof open> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const items: T[] = [];
    const timer = setTimeout(() => batch.close(), ms);
    const batch = {
      items,
      worked: promise.then(() => work(items)),
      close: () => {
        clearTimeout(timer);
        if (open === batch) open = undefined;
        resolve();
      },
    };
    return batch;
  }

  return (item) => {
    open ??= begin();
    const { items, worked, close } = open;
    items.push(item);
    if (items.length === most) close();
    return worked;
  };
}
