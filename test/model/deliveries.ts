import { redis } from '../../shared/redis.ts';
import { jobKey } from './wiring.ts';

/** resting: put back by its handler, until time has passed. holder: who works on it. */
export type Job = {
  id: string;
  runId: number;
  state: 'waiting' | 'active' | 'resting' | 'done';
  holder: object | null;
};

/** Stands for BullMQ: jobs with an id of their own, each under the key by which the reconciler looks for it. */
export class Deliveries {
  readonly #jobs = new Map<string, Job>();

  /** Adds jobs; an id that is there, ended or not, swallows its like. */
  async add(ids: string[]): Promise<void> {
    for (const id of ids.filter((one) => !this.#jobs.has(one))) {
      this.#jobs.set(id, { id, runId: Number(id.split('-')[1]), state: 'waiting', holder: null });
      await redis.set(jobKey(id), '1');
    }
  }

  in(state: Job['state']): Job[] {
    return [...this.#jobs.values()].filter((job) => job.state === state);
  }

  /** Puts a job elsewhere if it is still its holder's: it may have been wiped, or have stalled and been taken. */
  leave(job: Job, holder: object, state: Job['state']): void {
    if (job.holder === holder) Object.assign(job, { state, holder: null });
  }

  /** Tells Redis of the jobs that have ended. */
  async mark(): Promise<void> {
    const done = this.in('done').flatMap(({ id }) => [1, id]);
    if (done.length > 0) await redis.zadd(jobKey('completed'), ...(done as [number, string]));
  }

  /** Redis is emptied: jobs, logs, everything. Whoever works on a job goes on without it. */
  async wipe(): Promise<void> {
    this.#jobs.clear();
    await redis.flushdb();
  }
}
