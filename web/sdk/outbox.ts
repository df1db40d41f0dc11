import { Refused } from './http.ts';
import type { Lock, Problem, Store, Taken } from './types.ts';

/** A message that the server has not confirmed. */
export type Unsent = {
  /** Its idempotency key. */
  key: string;
  /** Its conversation, or a name of this client's for one that does not exist yet. */
  conversation: number | string;
  content: string;
  written_at: number;
  assistant_id?: number;
  /** Why the server does not take it. Such a message waits for its writer. */
  refused?: Problem;
  /** Why it waits, where the server asks for a long pause. Stays during the next try. Is not stored. */
  delayed?: Delay;
};
/** `until`: when the next try is, in ms since 1970. */
type Delay = { problem: Problem; until: number };

type Ways = {
  store: Store;
  lock: Lock;
  /** Sends a message. @throws Refused, Unreachable */
  send: (message: Unsent) => Promise<Taken>;
  /** Called when the server has stored a message. */
  sent: (message: Unsent, taken: Taken) => void;
  /** Milliseconds before the n-th repetition. */
  pause?: (n: number) => number;
};

/**
 * Messages on their way to the server. They survive a reload and a lost network, because each lies in the store until the
 * server has confirmed it. Sending one twice does no harm: its key says that it is the same.
 */
export class Outbox {
  readonly #ways: Ways;
  readonly #prefix: string;
  readonly #changed = new Set<() => void>();
  #list: Unsent[];
  #delay: Delay | undefined;
  #flushing: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  /** @param owner whose messages these are; others of this browser do not see them */
  constructor(owner: string, ways: Ways) {
    this.#prefix = `parley.unsent.${owner}.`;
    this.#ways = ways;
    this.#list = this.#read();
    this.#forgetNames();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  };

  /** Returns the messages, the oldest first. The same array until something changes. */
  list = (): Unsent[] => this.#list;

  /** Keeps a message and sends it as soon as that works. */
  add(message: Pick<Unsent, 'conversation' | 'content' | 'assistant_id'>): Unsent {
    const unsent: Unsent = { ...message, key: crypto.randomUUID(), written_at: this.#now() };
    this.#write(unsent);
    void this.flush();
    return unsent;
  }

  /** Sends a refused message again. */
  retry(key: string): void {
    const message = this.#list.find((one) => one.key === key);
    if (message === undefined) return;
    const { refused: _, ...again } = message;
    // A new key: the server may remember the old one with other fields.
    this.#remove(key);
    this.#write({ ...again, key: crypto.randomUUID() });
    void this.flush();
  }

  /** Forgets a message that its writer gave up. */
  drop(key: string): void {
    this.#remove(key);
  }

  /** Reads the store again: another tab has changed it. */
  reread(): void {
    this.#list = this.#read();
    this.#tell();
  }

  /** Returns the conversation that began with a message of this or another tab. */
  began(name: string): number | undefined {
    return Number(this.#ways.store.getItem(BEGAN + name)) || undefined;
  }

  /** Sends what waits, one after the other, until nothing is left. Ends a pause between two tries. */
  flush(): Promise<void> {
    this.#wake?.();
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Stops sending; what waits stays in the store. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async #flush(): Promise<void> {
    for (let tries = 0; !this.#closed; ) {
      // One tab sends at a time. It holds the lock for one message only, because a hidden tab may sleep.
      const failed = await this.#ways.lock(`${this.#prefix}sending`, () => this.#sendNext());
      if (failed === undefined) {
        tries = 0;
        this.#sayDelay(undefined);
        if (this.#next() === undefined) return;
        continue;
      }
      tries += 1;
      const problem = failed instanceof Refused ? failed.problem : undefined;
      const asked = (problem?.retry_after_s ?? 0) * 1000;
      const pause = Math.max(asked, this.#ways.pause?.(tries) ?? pauseBefore(tries));
      const isTold = problem?.status === 429 && pause >= TOLD_MS;
      this.#sayDelay(isTold ? { problem, until: Date.now() + pause } : undefined);
      await this.#rest(pause);
    }
  }

  /** Sends the oldest message. Returns what went wrong if a later try may succeed. */
  async #sendNext(): Promise<unknown> {
    this.reread();
    const message = this.#next();
    if (message === undefined) return undefined;
    try {
      this.#settle(message, await this.#ways.send(message));
    } catch (err) {
      if (!(err instanceof Refused) || err.mayPass) return err;
      // It may be forgotten meanwhile, with the account.
      if (this.#ways.store.getItem(this.#prefix + message.key) !== null)
        this.#write({ ...message, refused: err.problem });
      else this.reread();
    }
    return undefined;
  }

  #next(): Unsent | undefined {
    return this.#list.find(({ refused }) => refused === undefined);
  }

  /** Removes a message that is stored, and tells later ones of a new conversation where they belong. */
  #settle(message: Unsent, taken: Taken): void {
    const { conversation } = message;
    // Some may be forgotten meanwhile, with the account.
    this.reread();
    if (typeof conversation === 'string') {
      this.#ways.store.setItem(BEGAN + conversation, String(taken.conversation_id));
      for (const { assistant_id: _, ...other } of this.#list)
        if (other.conversation === conversation)
          this.#write({ ...other, conversation: taken.conversation_id });
    }
    this.#remove(message.key);
    this.#ways.sent(message, taken);
  }

  #sayDelay(delay: Delay | undefined): void {
    if (delay === this.#delay) return;
    this.#delay = delay;
    this.reread();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((over) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        over();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }

  /** Forgets names of earlier visits: no page shows them any more. */
  #forgetNames(): void {
    const { store } = this.#ways;
    const keys = Array.from({ length: store.length }, (_, i) => store.key(i));
    const used = new Set(this.#list.map(({ conversation }) => conversation));
    for (const key of keys)
      if (key?.startsWith(BEGAN) && !used.has(key.slice(BEGAN.length))) store.removeItem(key);
  }

  /** A time later than that of every message, so that the order is that of writing. */
  #now(): number {
    return Math.max(Date.now(), ...this.#list.map(({ written_at }) => written_at + 1));
  }

  #read(): Unsent[] {
    const { store } = this.#ways;
    const keys = Array.from({ length: store.length }, (_, i) => store.key(i));
    const texts = keys.map((key) => (key?.startsWith(this.#prefix) ? store.getItem(key) : null));
    return texts
      .flatMap((text) => (text === null ? [] : [JSON.parse(text) as Unsent]))
      .map((message) => (this.#delay && !message.refused ? { ...message, delayed: this.#delay } : message))
      .toSorted((a, b) => a.written_at - b.written_at);
  }

  #write({ delayed: _, ...message }: Unsent): void {
    this.#ways.store.setItem(this.#prefix + message.key, JSON.stringify(message));
    this.reread();
  }

  #remove(key: string): void {
    this.#ways.store.removeItem(this.#prefix + key);
    this.reread();
  }

  #tell(): void {
    for (const listener of this.#changed) listener();
  }
}

/** Prefix of the names that conversations had before they were stored. */
const BEGAN = 'parley.began.';
/** A shorter pause is over before its writer has read that there is one. Pauses grow while their reason lasts. */
const TOLD_MS = 3_000;
const LONGEST_PAUSE_MS = 30_000;
function pauseBefore(tries: number): number {
  return Math.min(500 * 2 ** tries, LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
}
