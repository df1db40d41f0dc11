import type { Job as BullJob } from 'bullmq';
import { isUnreachable } from '../../shared/base/errors.ts';
import { RetryIn } from '../../workers/work.ts';
import { Actor } from './control.ts';
import { Deliveries, type Job } from './deliveries.ts';
import type { Instance } from './workers.ts';

/** A completion worker with one slot, in a process of its own. */
export class Worker {
  readonly name: string;
  readonly wrongs: string[] = [];
  readonly #instance: Instance;
  readonly #deliveries: Deliveries;
  actor: Actor;
  job: Job | null = null;

  constructor(name: string, instance: Instance, deliveries: Deliveries) {
    this.name = name;
    this.#instance = instance;
    this.#deliveries = deliveries;
    this.actor = new Actor(name);
  }

  /** Calls the production handler; its error decides the job's state as in workers/work.ts. */
  take(job: Job): void {
    const { actor } = this;
    Object.assign(job, { state: 'active', holder: actor });
    this.job = job;
    const bullJob = { id: job.id, data: { run_id: job.runId } } as BullJob<{ run_id: number }>;
    void actor
      .run(() => Deliveries.prepare(job).then(() => this.#instance.completion(bullJob)))
      .then(
        () => 'done' as const,
        (err: unknown) => {
          if (err instanceof RetryIn || isUnreachable(err)) return 'resting' as const;
          if (!actor.dead) this.wrongs.push(`the handler threw ${String(err)}`);
          return 'done' as const;
        },
      )
      .then((state) => {
        this.#deliveries.leave(job, actor, actor.dead ? 'waiting' : state);
        this.job = null;
      });
  }

  /** Kills the process (kill -9). Its job stalls for another worker; a new process takes its place. */
  async crash(): Promise<void> {
    await this.actor.die();
    if (this.job !== null) throw new Error(`${this.name} does not die`);
    this.actor = new Actor(this.name);
  }

  drain(): void {
    this.actor.run(() => this.#instance.drain());
  }

  /** Lets the job's lock run out while the worker goes on: another worker may take the job. */
  stall(): void {
    if (this.job !== null) this.#deliveries.leave(this.job, this.actor, 'waiting');
  }
}
