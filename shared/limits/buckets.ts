/** At most `burst` at once, and `perSecond` in the long run. */
export type Rate = { burst: number; perSecond: number };

/** What may be taken refills all the time: no window whose border lets twice as much through. Counts in this process alone. */
export class Bucket {
  readonly #rate: Rate;
  #left: number;
  #at = performance.now();

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#left = rate.burst;
  }

  /** Takes `cost`, or nothing where less is left; says which. */
  take(cost = 1): boolean {
    this.#refill();
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }

  /** Whether it says no more than a new one would. */
  isFull(): boolean {
    this.#refill();
    return this.#left >= this.#rate.burst;
  }

  #refill(): void {
    const now = performance.now();
    const { burst, perSecond } = this.#rate;
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1_000) * perSecond);
    this.#at = now;
  }
}

/** Where there are more, full ones are forgotten, and then the oldest. */
const MOST = 10_000;

/** A bucket for each key: a user, a network. */
export class Buckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string | number, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** The bucket of a key. */
  of(key: string | number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MOST) this.#forget();
    const bucket = new Bucket(this.#rate);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #forget(): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull()) this.#buckets.delete(key);
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < MOST) return;
      this.#buckets.delete(key);
    }
  }
}
