import type { Journal } from './journal.ts';
import { pause } from './redis.ts';
import type { Fault, ProcessFault } from './schedule.ts';
import type { Stack } from './stack.ts';
import type { User } from './user.ts';

/** Seconds for which a frozen Redis hangs. */
const FREEZE_S = 3;

/** Injects the faults of a schedule and counts them. */
export class Faults {
  readonly counts = new Map<string, number>();
  readonly #stack: Stack;
  readonly #users: User[];
  readonly #journal: Journal;
  /** Faults of stores happen one after the other. */
  #stores: Promise<void> = Promise.resolve();
  readonly #going: Promise<void>[] = [];

  constructor(stack: Stack, users: User[], journal: Journal) {
    this.#stack = stack;
    this.#users = users;
    this.#journal = journal;
  }

  inject(fault: Fault): void {
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    this.#going.push(this.#strike(fault));
  }

  /** Resolves when all faults are over: stopped processes continue, restarted ones run. */
  async over(): Promise<void> {
    await Promise.all(this.#going);
  }

  async #strike(fault: Fault): Promise<void> {
    if (fault.kind === 'cut') return this.#users[fault.user]?.devices[fault.device]?.cut();
    if ('type' in fault) return this.#strikeProcess(fault);
    this.#stores = this.#stores.then(() => this.#strikeStore(fault.kind));
    await this.#stores;
  }

  async #strikeProcess(fault: ProcessFault): Promise<void> {
    const slot = this.#stack.slots.find(({ type, index }) => type === fault.type && index === fault.index);
    if (!slot) throw new Error(`no ${fault.type} ${fault.index}`);
    const { name, process } = slot;
    const hit = { at: Date.now(), kind: fault.kind };
    this.#journal.tell(`FAULT ${fault.kind} ${name}`);
    if (fault.kind === 'kill') {
      slot.signal('SIGKILL');
      // Only then is its log complete.
      await process.exited;
      return this.#journal.struck(name, hit, true);
    }
    this.#journal.struck(name, hit, false);
    if (fault.kind === 'stop') await pause(-process.pid, fault.seconds);
    else slot.signal('SIGTERM');
  }

  async #strikeStore(kind: 'flush' | 'redis' | 'freeze' | 'postgres'): Promise<void> {
    const { redis, postgres } = this.#stack;
    this.#journal.tell(`FAULT ${kind}`);
    for (const { id } of this.#journal.unfinished()) this.#journal.hit(id, { at: Date.now(), kind });
    if (kind === 'flush') await redis.flush();
    if (kind === 'redis') await redis.restart();
    if (kind === 'freeze') await redis.freeze(FREEZE_S);
    if (kind === 'postgres') await postgres.restart?.();
    this.#journal.tell(`FAULT ${kind} is over`);
  }
}
