import { reclaimRun, renewLeases } from '../../db/models/run.ts';
import { log } from '../../shared/base/log.ts';
import { runRestarts } from '../../shared/ops/metrics.ts';
import { onStop } from '../../shared/base/stop.ts';

/** Ms. A lease lasts for several heartbeats. A worker sees a cancel within one heartbeat. */
export const LEASE = 8_000;
const HEARTBEAT = 750;

/** Interrupts a run: its user cancelled it, another worker has it, or this process stops. */
export class Interrupted extends Error {
  readonly why: 'cancelled' | 'lost' | 'draining';
  constructor(why: Interrupted['why']) {
    super(why);
    this.name = 'Interrupted';
    this.why = why;
  }
}

/** This process's hold on a run, under an attempt. */
export class Lease {
  readonly runId: number;
  readonly #abort = new AbortController();
  #attempt: number;
  #renewedAt: number;
  #reclaiming = false;

  /** @param asked performance.now() before the claim; Postgres starts the lease after that */
  constructor(runId: number, attempt: number, asked: number) {
    this.#renewedAt = asked;
    this.runId = runId;
    this.#attempt = attempt;
    held.add(this);
    beat ??= setTimeout(heartbeat, HEARTBEAT);
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** Aborts with an Interrupted. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  interrupt(why: Interrupted['why']): void {
    this.#abort.abort(new Interrupted(why));
  }

  letGo(): void {
    held.delete(this);
  }

  /** Call before showing text. After a pause longer than the lease, asks Postgres whether this process still has the run. */
  async confirm(): Promise<void> {
    if (performance.now() - this.#renewedAt > LEASE) await renew([this]);
    if (this.signal.reason instanceof Interrupted && this.signal.reason.why === 'lost')
      throw this.signal.reason;
  }

  /** Begins a new attempt after the loss of the log. @throws Interrupted when another worker has the run */
  async reclaim(): Promise<void> {
    this.#reclaiming = true;
    const asked = performance.now();
    try {
      const attempt = await reclaimRun(this.runId, this.#attempt, LEASE);
      if (attempt === undefined) {
        this.interrupt('lost');
        throw new Interrupted('lost');
      }
      this.#attempt = attempt;
      this.#renewedAt = asked;
      runRestarts.inc({ reason: 'log_lost' });
    } finally {
      this.#reclaiming = false;
    }
  }

  /** Applies Postgres's answer to a heartbeat for `attempt`, sent at `asked`. */
  heard(answer: { cancelled: boolean } | undefined, attempt: number, asked: number): void {
    if (attempt !== this.#attempt || this.#reclaiming) return;
    if (answer === undefined) return this.interrupt('lost');
    this.#renewedAt = asked;
    if (answer.cancelled) this.interrupt('cancelled');
  }
}

/** Interrupts every run of this process, so that another process claims them at once. */
export function drain(): void {
  for (const lease of held) lease.interrupt('draining');
}

const held = new Set<Lease>();
let beat: NodeJS.Timeout | undefined;
onStop('heartbeat', () => clearTimeout(beat));

async function heartbeat(): Promise<void> {
  try {
    await renew([...held]);
  } catch (err) {
    // While Postgres is unreachable, no other worker can claim the runs: keep them.
    log.warn({ err, runs: held.size }, 'Leases not renewed; tried again');
  }
  beat = held.size === 0 ? undefined : setTimeout(heartbeat, HEARTBEAT);
}

/** Renews leases by one statement. */
async function renew(leases: Lease[]): Promise<void> {
  if (leases.length === 0) return;
  const asked = performance.now();
  const sent = leases.map((lease) => ({ lease, run_id: lease.runId, attempt: lease.attempt }));
  const answers = new Map((await renewLeases(sent, LEASE)).map((answer) => [answer.run_id, answer]));
  for (const { lease, attempt } of sent) lease.heard(answers.get(lease.runId), attempt, asked);
}
