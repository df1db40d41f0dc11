import { saveContext, saveVerdict } from '../../db/models/turn.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { jobKey } from './wiring.ts';

/** resting: put back by its handler, until time has passed. holder: who works on it. */
export type Job = {
  id: string;
  runId: number;
  state: 'waiting' | 'active' | 'resting' | 'done';
  holder: object | null;
  marked: boolean;
};

/** What the two stages before leave on the run; they write once, and are no part of the model. */
const ALLOWED = { flagged: false, categories: [], model: 'model' };
const EMPTY = {
  message_ids: [],
  passages: [],
  question_cut_to: null,
  budget: 0,
  tokens: { system: 0, passages: 0, history: 0, question: 0 },
  cut: { messages: 0, passages: 0 },
  shrunk: false,
  passages_unavailable: false,
};

/** Stands for BullMQ: jobs with an id of their own, each under the key by which the reconciler looks for it. */
export class Deliveries {
  readonly #jobs = new Map<string, Job>();

  /** Adds jobs; an id that is there, ended or not, swallows its like. */
  async add(ids: string[]): Promise<void> {
    for (const id of ids.filter((one) => !this.#jobs.has(one))) {
      const runId = Number(id.split('-')[1]);
      await Promise.all([saveVerdict(runId, ALLOWED), saveContext(runId, EMPTY, 0)]);
      this.#jobs.set(id, { id, runId, state: 'waiting', holder: null, marked: false });
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

  /** Tells Redis of the jobs that have ended since. */
  async mark(): Promise<void> {
    for (const job of this.in('done').filter(({ marked }) => !marked)) {
      job.marked = true;
      await redis.zadd(jobKey('completed'), 1, job.id);
    }
  }

  /** Redis is emptied: jobs, logs, everything. Whoever works on a job goes on without it. */
  async wipe(): Promise<void> {
    this.#jobs.clear();
    await redis.flushdb();
  }
}
