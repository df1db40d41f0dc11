import type { Job } from 'bullmq';
import { acceptMessage } from '../../../db/models/run.ts';
import { rows, row } from '../../../db/sql.ts';
import { log } from '../../../shared/base/log.ts';
import { configure } from '../../../shared/provider/config.ts';
import { forgetNoted } from '../../../shared/provider/calls.ts';
import { forgetLearned } from '../../../shared/provider/learned.ts';
import { forgetProbes } from '../../../shared/provider/probe.ts';
import { redis, untilReady } from '../../../shared/delivery/redis.ts';
import { completion } from '../../../workers/completion.ts';
import { context } from '../../../workers/context.ts';
import { embedFaqs } from '../../../workers/embedding.ts';
import { moderation } from '../../../workers/moderation.ts';
import { RetryIn } from '../../../workers/work.ts';
import { serveApi } from '../api.ts';
import { type BuiltUser, buildUser } from '../factories.ts';
import type { Fake } from './serve.ts';

export type Answered = {
  run_id: number;
  conversation_id: number;
  status: string;
  content: string;
  error_code: string | null;
  error_message: string | null;
  finish_reason: string | null;
  model: string | null;
  retries: number;
  attempt: number;
  total_tokens: number | null;
  moderation: { flagged: boolean; model: string } | null;
  context: { passages: unknown[]; passages_unavailable: boolean; shrunk: boolean };
};
/** between: done each time the run was given back. keepBreakers: models that are held back stay so. */
type Options = { beside?: boolean; keepBreakers?: boolean; between?: () => Promise<void> };
export type LogLine = Record<string, unknown> & { msg: string };

/** The stages of an answer in this process, asked one after the other, with an environment of their own. */
export class Engine {
  readonly logs: LogLine[] = [];
  #breakers: string[] = [];
  readonly #before = { ...process.env };
  readonly #log = { warn: log.warn, info: log.info };
  user!: BuiltUser;
  /** How long the run that was given back last is to wait, in ms. */
  lastWait = 0;

  /** Begins with an environment, nothing learned, nothing held back, and one FAQ that fits `QUESTION`. */
  static async begin(environment: Record<string, string>): Promise<Engine> {
    const engine = new Engine();
    await untilReady(redis);
    await redis.flushall();
    engine.configure(environment);
    engine.user = await buildUser();
    await rows(
      `INSERT INTO faqs (question, answer, slug, language, status, published_at)
       VALUES (:question, 'In the cellar.', :slug, 'en', 'published', now())`,
      { question: QUESTION, slug: `bicycle-${engine.user.id}` },
    );
    const faqs = await rows<{ id: number }>('SELECT id FROM faqs');
    await embedFaqs(faqs.map(({ id }) => id)).catch(() => {});
    engine.#listen();
    return engine;
  }

  /** Reads another environment. */
  configure(environment: Record<string, string>): void {
    for (const [name, value] of Object.entries(environment)) process.env[name] = value;
    configure();
    forgetLearned();
    forgetProbes();
    forgetNoted();
  }

  /** Sends a message and works its jobs until it is answered; waits are cut short. */
  async ask(
    content = QUESTION,
    conversation_id: number | null = null,
    { beside = false, keepBreakers = false, between }: Options = {},
  ): Promise<Answered> {
    const accepted = await acceptMessage(
      {
        user_id: this.user.id,
        conversation_id,
        content,
        language: 'en',
        metadata: {},
        multitask_strategy: 'enqueue',
        idempotency_key: null,
        request_hash: 'x',
        request_id: null,
      },
      100,
    );
    if (!('run_id' in accepted) || accepted.run_id === null) throw new Error(accepted.outcome);
    const { run_id } = accepted;
    const job = { data: { run_id, beside }, updateData: async () => {} } as unknown as Job;
    if (!beside) await this.#tries(() => moderation(job));
    await this.#tries(() => context(job));
    await this.complete(run_id, job, keepBreakers, between);
    return this.run(run_id);
  }

  async run(run_id: number): Promise<Answered> {
    const run = await row<Answered>(
      `SELECT r.id AS run_id, r.conversation_id, r.status, m.content, r.error_code, r.error_message, r.finish_reason, r.model,
         r.retries, r.attempt, r.total_tokens, r.moderation, r.context
       FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :run_id`,
      { run_id },
    );
    if (run === undefined) throw new Error('no run');
    return run;
  }

  /** Works the completion job until it is done; a run that was given back is due at once. */
  async complete(
    run_id: number,
    job: Job,
    keepBreakers: boolean,
    between?: () => Promise<void>,
  ): Promise<void> {
    for (let times = 0; times < 30; times += 1) {
      try {
        return await completion(job);
      } catch (err) {
        if (!(err instanceof RetryIn)) throw err;
        this.lastWait = err.ms;
        this.#breakers = await redis.keys('breaker:*');
        await rows('UPDATE runs SET not_before = NULL WHERE id = :run_id', { run_id });
        if (!keepBreakers) await this.forgetBreakers();
        await between?.();
      }
    }
    throw new Error('the run comes back for ever');
  }

  /** Lets every model be asked again. */
  async forgetBreakers(): Promise<void> {
    await redis.del(...(await redis.keys('breaker:*')), 'none');
  }

  /** The breakers that held something when a run was given back last. */
  async breakerKeys(): Promise<string[]> {
    return this.#breakers;
  }

  /** Moves the beginning of every wait for a provider into the past by so many seconds. */
  async age(seconds: number): Promise<void> {
    await rows(`UPDATE runs SET waiting_since = waiting_since - :seconds * interval '1 s'`, { seconds });
  }

  /** What /health says of the providers. */
  async health(): Promise<{ status: string; providers: Record<string, string> }> {
    forgetProbes();
    const api = await serveApi();
    const answer = await fetch(`${api.url}/health`);
    const body = (await answer.json()) as { status: string; providers: Record<string, string> };
    await api.close();
    return body;
  }

  /** The log's lines of failed calls so far. */
  failures(): LogLine[] {
    return this.logs.filter(({ msg }) => msg === 'Provider call failed');
  }

  async end(): Promise<void> {
    for (const name of Object.keys(process.env)) if (!(name in this.#before)) delete process.env[name];
    Object.assign(process.env, this.#before);
    Object.assign(log, this.#log);
    configure();
    forgetLearned();
    await rows('DELETE FROM faqs');
  }

  async #tries(stage: () => Promise<void>): Promise<void> {
    for (let tries = 1; tries <= 4; tries += 1) {
      try {
        return await stage();
      } catch {}
    }
  }

  #listen(): void {
    for (const level of ['warn', 'info'] as const) {
      Object.assign(log, {
        [level]: (fields: Record<string, unknown>, msg: string) => this.logs.push({ ...fields, msg }),
      });
    }
  }
}

/**
 * Registers hooks of the present suite: they serve a fake provider and begin an engine on it, and end both.
 * @param environment returns the engine's environment, of the fake's origin
 * @param begun gets both before the first test
 */
export function beginEngine(
  serve: () => Promise<Fake>,
  environment: (origin: string) => Record<string, string>,
  begun: (both: { fake: Fake; engine: Engine }) => void,
): void {
  let stop: () => Promise<void>;
  before(async () => {
    const fake = await serve();
    const engine = await Engine.begin(environment(fake.origin));
    stop = async () => {
      await engine.end();
      await fake.stop();
    };
    begun({ fake, engine });
  });
  after(() => stop());
}

export const QUESTION = 'Where is the bicycle workshop?';

/** The environment that makes `local` a provider of a kind, for chat and whatever else is said. */
export function local(kind: string, url: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    PROVIDERS: 'local',
    PROVIDER_LOCAL_URL: url,
    PROVIDER_LOCAL_KIND: kind,
    PROVIDER_LOCAL_KEY: 'key',
    CHAT_MODEL: 'local/some-model',
    EMBEDDING_MODEL: 'off',
    MODERATION_MODEL: 'off',
    ...more,
  };
}
