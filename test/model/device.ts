import { decode } from 'notepack.io';
import { RunView } from '../../web/sdk/view.ts';
import { findRun } from '../../db/models/runView.ts';
import { resume, type Resumed } from '../../shared/conversations/resume.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { connect } from '../../shared/delivery/redis.ts';
import { userRoom } from '../../shared/delivery/push.ts';

/** What a client shows of a run, and what it wants to know. */
export type Shown = {
  view: RunView;
  /** An event before one that came is missing. */
  wants: boolean;
  /** It was told to replace what it showed. */
  reset: boolean;
  gone: boolean;
};

/** Subscribes to what Socket.IO's adapter publishes for users. */
const subscriber = () => connect('model', { maxRetriesPerRequest: null });
let ears: ReturnType<typeof subscriber> | undefined;
let listening: Device | undefined;

/** A client that follows the contract, and a record of everything pushed to it. */
export class Device {
  readonly pushed: RunEvent[] = [];
  /** The user's own messages, by id. */
  readonly told = new Set<number>();
  readonly wrongs: string[] = [];
  readonly runs = new Map<number, Shown>();
  readonly #userId: number;
  #online = true;

  private constructor(userId: number) {
    this.#userId = userId;
  }

  static async listen(userId: number): Promise<Device> {
    if (ears === undefined) {
      ears = subscriber();
      ears.on('pmessageBuffer', (_pattern, channel: Buffer, message: Buffer) => {
        listening?.hear(channel.toString(), message);
      });
      await ears.psubscribe('socket.io#/#*');
    }
    listening = new Device(userId);
    return listening;
  }

  /** Resolves when the device has heard everything published so far. */
  async caughtUp(): Promise<void> {
    await ears?.ping();
  }

  hear(channel: string, message: Buffer): void {
    const [, packet] = decode(message) as [string, { data: [RunEvent['event'], RunEvent['data']] }];
    const event = { event: packet.data[0], data: packet.data[1] } as RunEvent;
    // An event for the user of an earlier life.
    if (channel !== `socket.io#/#${userRoom(this.#userId)}#`) return;
    if ('message' in event.data) this.told.add((event.data.message as { id: number }).id);
    // Events of conversations with people belong to no run.
    if (!('run_id' in event.data)) return;
    this.pushed.push(event);
    if (this.#online) this.#take(event);
  }

  get online(): boolean {
    return this.#online;
  }

  drop(): void {
    this.#online = false;
  }

  /** Reconnects: a client then resumes its unfinished runs. */
  reconnect(): void {
    this.#online = true;
    for (const run of this.runs.values()) run.wants = !run.view.ended;
  }

  know(runId: number): Shown {
    const fresh = { view: new RunView(), wants: false, reset: false, gone: false };
    const known = this.runs.get(runId) ?? fresh;
    this.runs.set(runId, known);
    return known;
  }

  /** Fetches missed events, as a socket's `resume` does. */
  async resume(runId: number): Promise<void> {
    const run = this.know(runId);
    run.wants = false;
    const { events, done, reset } = await this.#ask(runId, run).catch((err: unknown) => {
      run.wants = true;
      throw err;
    });
    const [end] = events;
    if (reset && end && !run.view.ended) {
      run.view.replace(end);
      run.reset = true;
    }
    for (const event of events) this.#take(event);
    if (done && !run.view.ended) this.wrongs.push(`run ${runId}: done, and no end was shown`);
  }

  /** Returns the answer to `resume`; for a run that is not found, an empty one. */
  async #ask(runId: number, run: Shown): Promise<Resumed> {
    const row = await findRun(runId, this.#userId);
    run.gone = row === undefined;
    return row === undefined ? { events: [], done: false } : resume(row, run.view.seq);
  }

  #take(event: RunEvent): void {
    const { run_id, attempt, seq } = event.data;
    const run = this.know(run_id);
    const { view } = run;
    if (view.ended && attempt >= view.attempt && seq > view.seq)
      this.wrongs.push(`run ${run_id}: ${event.event} ${seq} after its end`);
    else if (!view.take(event)) run.wants = true;
  }
}
