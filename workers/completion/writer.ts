import type { Turn } from '../../db/models/turn.ts';
import { firstSeq, type RunEvent } from '../../shared/delivery/runEvents.ts';
import { killPoint } from '../../shared/ops/killpoint.ts';
import { log } from '../../shared/base/log.ts';
import { appendLog, openLog, type Written } from '../../shared/delivery/runlog.ts';
import { Interrupted, type Lease } from './lease.ts';

/** The first text goes out at once. Later an event goes out when either limit is reached. */
const COALESCE_MS = 25;
const COALESCE_CHARACTERS = 512;
/** Ms between tries to open a lost log again. */
const REOPEN_MS = 500;

/**
 * Shows an answer as it grows: collects text into numbered events, one round trip to Redis each. The shown text equals
 * the stored text. After the loss of the log the writer claims a new attempt and shows the whole text again. While Redis
 * is unreachable the writer keeps collecting, because the row needs no Redis.
 */
export class Writer {
  readonly #turn: Turn;
  readonly #lease: Lease;
  #content = '';
  #shown = 0;
  /** Last seq in the log; null without a reliable log of this attempt. */
  #seq: number | null = null;
  #reopenAt = 0;
  #failedAt = -Infinity;
  #halfCharacter = '';
  #flushedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #busy = false;
  #ending = false;

  private constructor(turn: Turn, lease: Lease) {
    this.#turn = turn;
    this.#lease = lease;
  }

  /** Begins the log of a new attempt, without waiting. Text written meanwhile follows in order. */
  static begin(turn: Turn, lease: Lease): Writer {
    const writer = new Writer(turn, lease);
    writer.#show(writer.#open().then(() => killPoint('completion.opened', turn.run_id)));
    return writer;
  }

  /** The whole text so far. */
  get content(): string {
    return this.#content;
  }

  /** Takes the next piece of the answer. Never waits: text that Redis cannot take yet goes out later. */
  write(delta: string): void {
    const text = this.#halfCharacter + delta;
    this.#halfCharacter = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? '';
    const whole = text.slice(0, text.length - this.#halfCharacter.length);
    // Postgres text stores neither NUL nor lone surrogates.
    this.#content += whole.replaceAll('\0', '').toWellFormed();
    this.#schedule();
  }

  /** Shows the rest. @returns the last seq of the lease's attempt; `content` is then complete */
  async end(): Promise<number> {
    this.#ending = true;
    clearTimeout(this.#timer);
    await this.#flushing;
    if (this.#unshown() > 0 || this.#seq === null) await this.#flush(true);
    if (this.#seq !== null) return this.#seq;
    // Without a log, the terminal event begins a new attempt and carries the whole text.
    await this.#lease.reclaim();
    return firstSeq(this.#lease.attempt) - 1;
  }

  #unshown(): number {
    return this.#content.length - this.#shown;
  }

  /** Shows new text when it is due. Never shows text of a lost run. Delays the next write after a failure. */
  #schedule(): void {
    if (this.#busy || this.#ending || this.#unshown() === 0 || this.#lease.signal.aborted) return;
    clearTimeout(this.#timer);
    const dueAt = Math.max(
      this.#unshown() >= COALESCE_CHARACTERS ? 0 : this.#flushedAt + COALESCE_MS,
      this.#failedAt + REOPEN_MS,
      this.#seq === null ? this.#reopenAt : 0,
    );
    const wait = dueAt - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#schedule(), wait);
      return;
    }
    this.#show(this.#flush(false));
  }

  /** Runs one write at a time. Text that comes meanwhile goes out with the next write. */
  #show(write: Promise<void>): void {
    this.#busy = true;
    this.#flushing = write
      .catch((err: unknown) => {
        this.#failedAt = performance.now();
        if (!(err instanceof Interrupted)) log.warn({ err }, 'Text not shown yet; tried again');
      })
      .finally(() => {
        this.#busy = false;
        this.#schedule();
      });
  }

  async #flush(last: boolean): Promise<void> {
    this.#flushedAt = performance.now();
    if (this.#seq === null) return this.#reopen(last);
    await this.#lease.confirm();
    const delta = this.#content.slice(this.#shown);
    const seq = this.#seq + 1;
    const event = this.#event('response.delta', seq, { delta });
    killPoint('completion.showing', this.#turn.run_id);
    if (await this.#landed(appendLog(this.#turn.user_id, event))) {
      this.#seq = seq;
      this.#shown += delta.length;
      killPoint('completion.shown', this.#turn.run_id);
    } else {
      this.#seq = null;
      await this.#reopen(last);
    }
  }

  /** Shows the whole text again, as a new attempt. */
  async #reopen(now: boolean): Promise<void> {
    if (!now && performance.now() < this.#reopenAt) return;
    this.#reopenAt = performance.now() + REOPEN_MS;
    await this.#lease.reclaim();
    await this.#open();
  }

  async #open(): Promise<void> {
    await this.#lease.confirm();
    const { attempt } = this.#lease;
    const seq = firstSeq(attempt);
    const text = this.#content;
    const events = [
      attempt === 1
        ? this.#event('run.status', seq, {
            status: 'in_progress',
            message_id: this.#turn.message_id,
            reply_id: this.#turn.reply_id,
          })
        : this.#event('response.restart', seq, {}),
      ...(text === '' ? [] : [this.#event('response.delta', seq + 1, { delta: text })]),
    ];
    if (await this.#landed(openLog(this.#turn.user_id, attempt, events))) {
      this.#seq = seq + events.length - 1;
      this.#shown = text.length;
    }
  }

  /** Returns whether the log has a write. @throws Interrupted when a newer attempt has the log */
  async #landed(write: Promise<Written>): Promise<boolean> {
    let written: Written;
    try {
      written = await write;
    } catch (err) {
      log.warn({ err }, 'Run log not written; a new attempt follows');
      return false;
    }
    if (written === 'newer') {
      this.#lease.interrupt('lost');
      throw new Interrupted('lost');
    }
    return written === 'ok';
  }

  #event(event: RunEvent['event'], seq: number, fields: object): RunEvent {
    const { run_id, conversation_id, reply_id } = this.#turn;
    const position = { run_id, conversation_id, attempt: this.#lease.attempt, seq };
    return { event, data: { ...position, message_id: reply_id, ...fields } } as RunEvent;
  }
}
