import { decode } from 'notepack.io';
import { findRun } from '../../db/models/runView.ts';
import { resume, type Resumed } from '../../shared/conversations/resume.ts';
import { firstSeq, isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import { connect } from '../../shared/delivery/redis.ts';
import { userRoom } from '../../shared/delivery/push.ts';

/** What a client knows of a run. seen: the last seq without a hole before it; early: what came behind a hole. */
export type Shown = {
  attempt: number;
  seen: number;
  events: RunEvent[];
  early: RunEvent[];
  wants: boolean;
  ended: boolean;
  /** It was told to replace what it showed. */
  reset: boolean;
  gone: boolean;
};

/** Hears what Socket.IO's adapter would hear in a user's room. */
const subscriber = () => connect('model', { maxRetriesPerRequest: null });
let ears: ReturnType<typeof subscriber> | undefined;
let listening: Device | undefined;

/** A client that follows the contract, and a record of all that was pushed to it. */
export class Device {
  readonly pushed: RunEvent[] = [];
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

  /** Resolves when all that was published before has been heard. */
  async caughtUp(): Promise<void> {
    await ears?.ping();
  }

  hear(channel: string, message: Buffer): void {
    const [, packet] = decode(message) as [string, { data: [RunEvent['event'], RunEvent['data']] }];
    const event = { event: packet.data[0], data: packet.data[1] } as RunEvent;
    // Another room's: of a life that is over.
    if (channel !== `socket.io#/#${userRoom(this.#userId)}#`) return;
    this.pushed.push(event);
    if (this.#online) this.#take(event);
  }

  get online(): boolean {
    return this.#online;
  }

  drop(): void {
    this.#online = false;
  }

  /** After a reconnect a client resumes what it has unfinished. */
  reconnect(): void {
    this.#online = true;
    for (const run of this.runs.values()) run.wants = !run.ended;
  }

  know(runId: number): Shown {
    const fresh = {
      attempt: 0,
      seen: 0,
      events: [],
      early: [],
      wants: false,
      ended: false,
      reset: false,
      gone: false,
    };
    const known = this.runs.get(runId) ?? fresh;
    this.runs.set(runId, known);
    return known;
  }

  /** Asks for what it missed, as `resume` of a socket does. */
  async resume(runId: number): Promise<void> {
    const run = this.know(runId);
    run.wants = false;
    const { events, done, reset } = await this.#ask(runId, run).catch((err: unknown) => {
      run.wants = true;
      throw err;
    });
    const [end] = events;
    if (reset && end && !run.ended) {
      const { attempt, seq } = end.data;
      Object.assign(run, { attempt, seen: seq, events: [end], early: [], ended: true, reset: true });
    }
    for (const event of events) this.#take(event);
    if (done && !run.ended) this.wrongs.push(`run ${runId}: done, and no end was shown`);
  }

  /** The answer to `resume`; a 404 says that there is nothing more. */
  async #ask(runId: number, run: Shown): Promise<Resumed> {
    const row = await findRun(runId, this.#userId);
    run.gone = row === undefined;
    return row === undefined ? { events: [], done: false } : resume(row, run.seen);
  }

  #take(event: RunEvent): void {
    const { run_id, attempt, seq } = event.data;
    const run = this.know(run_id);
    if (attempt < run.attempt || seq <= run.seen) return;
    if (run.ended) {
      this.wrongs.push(`run ${run_id}: ${event.event} ${seq} after its end`);
      return;
    }
    const begins = attempt > run.attempt && seq === firstSeq(attempt);
    if (!begins && !(attempt === run.attempt && seq === run.seen + 1)) {
      run.early.push(event);
      run.wants = true;
      return;
    }
    run.events = begins ? [event] : [...run.events, event];
    Object.assign(run, { attempt, seen: seq, ended: isTerminal(event) });
    for (const early of run.early.splice(0).toSorted((a, b) => a.data.seq - b.data.seq)) this.#take(early);
  }
}
