const WITHIN_MS = 30_000;

/** What arrives at a stand-in, oldest first. */
export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();

  add(arrived: T): void {
    this.all.push(arrived);
    for (const look of this.#waiting) look();
  }

  /** Resolves to what `find` finds, as soon as it is there. @param missing says what did not arrive in time */
  until<Found extends T>(find: (all: T[]) => Found | undefined, missing: () => string): Promise<Found> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find(this.all);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(missing()));
      }, WITHIN_MS);
      this.#waiting.add(look);
      look();
    });
  }
}
