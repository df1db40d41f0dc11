import { rows } from '../../db/sql.ts';
import { saveContext, saveVerdict } from '../../db/models/turn.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { jobKey } from './wiring.ts';

/** 'resting': the handler put the job back for later. holder: the actor that works on it. */
export type Job = {
  id: string;
  runId: number;
  /** The messages that the stages of this delivery read. */
  parts: string[];
  state: 'waiting' | 'active' | 'resting' | 'done';
  holder: object | null;
  marked: boolean;
};

/** The results of moderation and context. */
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

/** Stands in for BullMQ: jobs with ids, each under the key where the reconciler looks for it. */
export class Deliveries {
  readonly #jobs = new Map<string, Job>();

  /** Adds jobs; an existing job, ended or not, swallows a job with the same id. */
  async add(ids: string[]): Promise<void> {
    for (const id of ids.filter((one) => !this.#jobs.has(one))) {
      const runId = Number(id.split('-')[1]);
      const [run] = await rows<{ joined_ids: number[] }>('SELECT joined_ids FROM runs WHERE id = :runId', {
        runId,
      });
      const parts = ['', ...(run?.joined_ids ?? [])].map(String);
      this.#jobs.set(id, { id, runId, parts, state: 'waiting', holder: null, marked: false });
      await redis.set(jobKey(id), '1');
    }
  }

  /**
   * Stores the results of a delivery's stages for the messages that they read; others may have joined since. An even number of
   * messages takes one statement, as in a process that works both stages; an odd number takes two.
   */
  static async prepare({ runId: run_id, parts }: Job): Promise<void> {
    if (parts.length % 2 === 0) {
      await saveContext({ run_id, parts }, EMPTY, 0, ALLOWED);
      return;
    }
    await Promise.all([saveVerdict({ run_id, parts }, ALLOWED), saveContext({ run_id, parts }, EMPTY, 0)]);
  }

  in(state: Job['state']): Job[] {
    return [...this.#jobs.values()].filter((job) => job.state === state);
  }

  /** Changes the state of a job that its holder still has: it may have been wiped or taken over. */
  leave(job: Job, holder: object, state: Job['state']): void {
    if (job.holder === holder) Object.assign(job, { state, holder: null });
  }

  /** Marks newly ended jobs in Redis. */
  async mark(): Promise<void> {
    for (const job of this.in('done').filter(({ marked }) => !marked)) {
      job.marked = true;
      await redis.zadd(jobKey('completed'), 1, job.id);
    }
  }

  /** Empties Redis: jobs, logs, everything. Actors with a job go on without it. */
  async wipe(): Promise<void> {
    this.#jobs.clear();
    await redis.flushdb();
  }
}
