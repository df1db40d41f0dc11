/** Allows `burst` at once, and `perSecond` in the long run. */
export type Rate = { burst: number; perSecond: number };

/** A token bucket of this process. It refills all the time, so no border of a window lets twice as much through. */
export class Bucket {
  readonly #rate: Rate;
  #left: number;
  #at = performance.now();

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#left = rate.burst;
  }

  /** Takes `cost` and returns true, or takes nothing and returns false if less is left. */
  take(cost = 1): boolean {
    this.#refill();
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }

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

/** How many buckets are kept. Beyond that, full buckets go first, then the oldest. */
const MOST = 10_000;

/** A bucket for each key: a user, a network. */
export class Buckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string | number, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

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
