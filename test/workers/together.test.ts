import type { Job } from 'bullmq';
import { expect } from 'chai';
import { acceptMessage, type Strategy } from '../../db/models/run.ts';
import { row, way } from '../../db/sql.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { HOOK, type KillPoint, type KillPointHook } from '../../shared/ops/killpoint.ts';
import { configure } from '../../shared/provider/config.ts';
import { context } from '../../workers/context.ts';
import { moderation } from '../../workers/moderation.ts';
import { workTogether } from '../../workers/together.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Fake, moderations, serve } from '../support/servers/serve.ts';

type Posted = { run_id: number; conversation_id: number };
type Prepared = { moderation: { parts?: number } | null; context: { parts?: number } | null; tokens: number };

const LOAD = /FROM runs r JOIN messages q/;
const SAVE = /UPDATE runs SET/;
const SEARCH = /search_faqs/;

describe('a process that works moderation and context', () => {
  const { run } = way;
  const url = process.env.OPENAI_BASE_URL;
  let fake: Fake;
  let user: BuiltUser;
  let statements: string[] = [];
  /** What a statement waits for, or fails with, once it was sent. */
  let pause: (sql: string) => Promise<void> | undefined;
  /** What the provider's verdict waits for. */
  let judged: Promise<void>;
  let reached: Partial<Record<KillPoint, () => void>>;
  /** Called when the provider is asked for a verdict. */
  let asked: () => void;

  before(async () => {
    await untilReady(redis);
    fake = await serve({
      '/v1/moderations': async (request, res) => {
        asked();
        await judged;
        await moderations(request, res);
      },
    });
    process.env.OPENAI_BASE_URL = `${fake.origin}/v1`;
    configure();
    workTogether(true);
    (globalThis as { [HOOK]?: KillPointHook })[HOOK] = (point) => reached[point]?.();
    way.run = async (sql, bindings, db) => {
      statements.push(sql);
      const answer = await run(sql, bindings, db);
      await pause(sql);
      return answer;
    };
  });
  beforeEach(async () => {
    [pause, judged, reached, asked] = [() => undefined, Promise.resolve(), {}, () => {}];
    user = await buildUser();
    statements = [];
  });
  after(async () => {
    way.run = run;
    delete (globalThis as { [HOOK]?: KillPointHook })[HOOK];
    workTogether(false);
    process.env.OPENAI_BASE_URL = url;
    configure();
    await fake.stop();
  });

  async function post(
    conversation_id: number | null = null,
    strategy: Strategy = 'enqueue',
  ): Promise<Posted> {
    const message = {
      user_id: user.id,
      conversation_id,
      content: 'Where is the bicycle workshop?',
      language: 'en',
      metadata: {},
      multitask_strategy: strategy,
      idempotency_key: null,
      request_hash: 'x',
      request_id: null,
    };
    const accepted = await acceptMessage(message, 100);
    if (!('run_id' in accepted) || accepted.run_id === null) throw new Error(accepted.outcome);
    return { run_id: accepted.run_id, conversation_id: accepted.conversation_id };
  }

  const jobOf = ({ run_id }: Posted, generation = 1) =>
    ({ id: `run-${run_id}-${generation}`, data: { run_id } }) as Job;
  const sent = (pattern: RegExp) => statements.filter((sql) => pattern.test(sql)).length;
  const prepared = ({ run_id }: Posted) =>
    row<Prepared>(
      `SELECT moderation, context, q.tokens_used AS tokens FROM runs r JOIN messages q ON q.id = r.message_id
       WHERE r.id = :run_id`,
      { run_id },
    );
  /** Resolves when a stage reaches a point. */
  const at = (point: KillPoint) =>
    new Promise<void>((resolve) => {
      reached[point] = resolve;
    });
  /** Holds the answers of statements until a promise resolves. */
  const hold = (pattern: RegExp, until: Promise<void>) => {
    pause = (sql) => (pattern.test(sql) ? until : undefined);
  };

  it('loads a run by one statement, and stores verdict and context by one', async () => {
    const posted = await post();
    hold(SEARCH, at('moderation.decided'));
    await Promise.all([moderation(jobOf(posted)), context(jobOf(posted))]);
    expect([sent(LOAD), sent(SAVE)]).to.deep.equal([1, 1]);
    const { moderation: verdict, context: chosen, tokens } = (await prepared(posted)) as Prepared;
    expect(verdict).to.include({ flagged: false });
    expect(chosen).to.deep.include({ message_ids: [], passages: [] });
    expect(tokens).to.be.greaterThan(0);
  });

  it('stores a verdict that comes after the context by itself', async () => {
    const posted = await post();
    judged = at('context.saved');
    await Promise.all([moderation(jobOf(posted)), context(jobOf(posted))]);
    expect([sent(LOAD), sent(SAVE)]).to.deep.equal([1, 2]);
    const both = (await prepared(posted)) as Prepared;
    expect(both.moderation).to.include({ flagged: false });
    expect(both.context).to.include({ shrunk: false });
  });

  it('stores the verdict alone where the context fails', async () => {
    const posted = await post();
    const decided = at('moderation.decided');
    pause = (sql) =>
      SEARCH.test(sql)
        ? decided.then(() => {
            throw new Error('no search');
          })
        : undefined;
    const [judging, choosing] = await Promise.allSettled([moderation(jobOf(posted)), context(jobOf(posted))]);
    expect([judging.status, choosing.status]).to.deep.equal(['fulfilled', 'rejected']);
    const { moderation: verdict, context: chosen } = (await prepared(posted)) as Prepared;
    expect(verdict).to.include({ flagged: false });
    expect(chosen).to.equal(null);
  });

  it('loads again for the stage whose shared load failed', async () => {
    const posted = await post();
    let failed = false;
    pause = async (sql) => {
      if (!LOAD.test(sql) || failed) return;
      failed = true;
      throw new Error('no load');
    };
    const results = await Promise.allSettled([moderation(jobOf(posted)), context(jobOf(posted))]);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled']);
    expect(sent(LOAD)).to.equal(2);
  });

  it('loads a later delivery anew, which has the messages that joined meanwhile', async () => {
    const posted = await post();
    const joined = Promise.withResolvers<void>();
    const loaded = new Promise<void>((resolve) => {
      pause = (sql) => {
        if (!LOAD.test(sql)) return undefined;
        resolve();
        return joined.promise;
      };
    });
    const first = context(jobOf(posted));
    await loaded;
    await post(posted.conversation_id, 'coalesce');
    pause = () => undefined;
    await moderation(jobOf(posted, 2));
    joined.resolve();
    await first;
    const { moderation: verdict, context: chosen } = (await prepared(posted)) as Prepared;
    expect(verdict).to.include({ parts: 2 });
    expect(chosen).to.equal(null);
  });

  it('stores no verdict on fewer messages with a context of more', async () => {
    const posted = await post();
    const choosing = Promise.withResolvers<void>();
    judged = choosing.promise;
    const beingJudged = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const judging = moderation(jobOf(posted));
    await beingJudged;
    await post(posted.conversation_id, 'coalesce');
    pause = (sql) => {
      if (!SEARCH.test(sql)) return undefined;
      choosing.resolve();
      return judging;
    };
    await context(jobOf(posted));
    const { moderation: verdict, context: chosen } = (await prepared(posted)) as Prepared;
    expect(chosen).to.include({ parts: 2 });
    expect(verdict).to.equal(null);
  });
});
