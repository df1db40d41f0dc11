import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { row, rows } from '../../db/sql.ts';
import { answerFlow } from '../../shared/delivery/jobs.ts';
import { configure } from '../../shared/provider/config.ts';
import { readLog } from '../../shared/delivery/runlog.ts';
import { drain } from '../../workers/completion/lease.ts';
import { connectDevice } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { expectAllAnswered } from '../support/invariants.ts';
import { Engine } from '../support/servers/engine.ts';
import {
  type Asked,
  embeddings,
  type Fake,
  json,
  moderations,
  say,
  serve,
} from '../support/servers/serve.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

/** A provider whose verdicts come when the test says so. */
class Slow {
  fake!: Fake;
  readonly #verdicts: { asked: Asked; res: ServerResponse }[] = [];
  /** Requests to moderation so far. */
  asked = 0;
  /** How many next calls of the model fail. */
  failing = 0;
  #chatted = Promise.withResolvers<void>();
  #judged = Promise.withResolvers<void>();

  async begin(): Promise<string> {
    this.fake = await serve({
      '/v1/chat/completions': ({ body }, res) => {
        if (this.failing > 0) {
          this.failing -= 1;
          return json(res, 503, { error: { message: 'busy' } });
        }
        say(res, body, 'A text of seven words is this');
        res.on('finish', () => this.#chatted.resolve());
      },
      '/v1/embeddings': embeddings,
      '/v1/moderations': (asked, res) => {
        this.#verdicts.push({ asked, res });
        this.asked += 1;
        this.#judged.resolve();
      },
    });
    return `${this.fake.origin}/v1`;
  }

  /** Resolves when the model has said all, and moderation is being asked, unless it is still. */
  async waiting(still = false): Promise<void> {
    await Promise.all([this.#chatted.promise, still || this.#judged.promise]);
    // What came is read meanwhile.
    await new Promise((later) => setTimeout(later, 100));
    [this.#chatted, this.#judged] = [Promise.withResolvers(), Promise.withResolvers()];
  }

  /** Resolves when moderation is being asked. */
  async judging(): Promise<void> {
    await this.#judged.promise;
    this.#judged = Promise.withResolvers();
  }

  /** Lets moderation speak; a status stands for a failure. */
  async judge(status?: number, headers: Record<string, string> = {}): Promise<void> {
    for (const { asked, res } of this.#verdicts.splice(0)) {
      if (status === undefined) await moderations(asked, res);
      else json(res, status, { error: { message: 'no' } }, headers);
    }
  }
}

describe('moderation beside the model', () => {
  const slow = new Slow();
  let engine: Engine;
  before(async () => {
    engine = await Engine.begin({ OPENAI_BASE_URL: await slow.begin(), OPENAI_API_KEY: 'x' });
  });
  after(async () => {
    await engine.end();
    await slow.fake.stop();
  });
  const newest = async () => (await row<{ id: number }>('SELECT max(id) AS id FROM runs'))?.id ?? 0;
  const shown = async () => (await readLog(await newest(), 0))?.events.map(({ event }) => event);

  it('shows and stores nothing before the verdict, and everything after it', async () => {
    const answered = engine.ask('a good question', null, { beside: true });
    await slow.waiting();
    expect(await shown()).to.deep.equal(['run.status']);
    expect((await engine.run(await newest())).content).to.equal('');
    await slow.judge();
    expect(await answered).to.include({
      status: 'completed',
      content: 'A text of seven words is this',
      total_tokens: 18,
    });
    expect((await answered).moderation).to.include({ flagged: false });
    expect(slow.fake.chats()).to.have.length(1);
  });

  it('drops what came for a flagged question, counts its cost, and keeps it out of later prompts', async () => {
    const answered = engine.ask('how do I kill', null, { beside: true });
    await slow.waiting();
    await slow.judge();
    const run = await answered;
    expect(run).to.include({ status: 'completed', finish_reason: 'content_filter', model: 'gpt-4.1-mini' });
    expect(run.content).to.match(/^I'm sorry/);
    expect(run.total_tokens).to.equal(18);
    expect(run.moderation).to.include({ flagged: true });
    const log = JSON.stringify((await readLog(run.run_id, 0))?.events);
    expect(log).not.to.contain('seven');
    const next = engine.ask('and now', run.conversation_id, { beside: true });
    await slow.waiting();
    await slow.judge();
    await next;
    expect(JSON.stringify(slow.fake.chats().at(-1)?.body.messages)).not.to.match(/kill|sorry/);
  });

  it('fails where moderation does, and what came goes nowhere', async () => {
    const answered = engine.ask('an uncertain question', null, { beside: true });
    await slow.waiting();
    await slow.judge(400);
    expect(await answered).to.include({
      status: 'failed',
      error_code: 'moderation_unavailable',
      content: '',
    });
  });

  it('gives a run back without a text when its worker stops, and answers it once', async () => {
    let times = 0;
    const again = async () => {
      times += 1;
    };
    const answered = engine.ask('a question in the rain', null, { beside: true, between: again });
    await slow.waiting();
    drain();
    await slow.waiting(true);
    const held = await engine.run(await newest());
    expect([held.content, times, held.attempt]).to.deep.equal(['', 1, 2]);
    expect(await shown()).to.deep.equal(['run.status', 'response.restart']);
    await slow.judge();
    expect(await answered).to.include({
      status: 'completed',
      content: 'A text of seven words is this',
      retries: 0,
    });
  });

  it('waits as long as moderation asks, and holds no chat model back', async () => {
    const waits: number[] = [];
    const answered = engine.ask('a question at the wrong time', null, {
      beside: true,
      between: async () => void waits.push(engine.lastWait),
    });
    await slow.waiting();
    await slow.judge(429, { 'retry-after': '30' });
    await slow.waiting();
    expect(await engine.breakerKeys()).to.deep.equal([]);
    await slow.judge();
    expect(await answered).to.include({ status: 'completed', retries: 0 });
    expect(waits.map((ms) => Math.ceil(ms / 1_000))).to.deep.equal([30]);
  });

  it('ends with its claim: only the claim that has the run asks again', async () => {
    slow.failing = 1;
    const before = slow.asked;
    const answered = engine.ask('a question that is claimed twice', null, {
      beside: true,
      between: async () => {
        await slow.judging();
        await slow.judge(503);
      },
    });
    await until('the second claim asks', async () => slow.asked === before + 2);
    await slow.judging();
    await slow.judge(503);
    // The first claim would have asked again before the second one does.
    await slow.judging();
    await slow.judge();
    expect(await answered).to.include({ status: 'completed', attempt: 2 });
    expect(slow.asked - before).to.equal(3);
  });

  it('is a flow without a job of its own', () => {
    const children = () =>
      answerFlow({ run_id: 1, generation: 1, rank: 1 }).children?.map(({ name }) => name);
    expect(children()).to.deep.equal(['moderation', 'context']);
    process.env.MODERATION_ORDER = 'beside';
    configure();
    expect(children()).to.deep.equal(['context']);
    delete process.env.MODERATION_ORDER;
    configure();
  });
});

describe('moderation beside the model, in processes', function () {
  this.timeout(60_000);
  let stack: Stack;
  before(async () => {
    stack = await startStack({ MODERATION_ORDER: 'beside' }, [
      'web',
      'context',
      'completion',
      'housekeeping',
    ]);
  });
  after(() => stack.stop());

  it('answers, refuses, and shows no device what it refuses, without a moderation worker', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const [good, bad] = await Promise.all(
      ['Tell me [[tokens:30]]', 'I will kill you [[tokens:30]]'].map(async (content) => {
        const sent = await stack.post('/chat/send', { content }, user.access);
        const id = Number(sent.body.run_id);
        const { data } = await device.ended(id);
        return { id, data: data as unknown as { content: string; usage: object | null } };
      }),
    );
    expect(good?.data.content).to.contain('w30');
    expect(bad?.data.content).to.match(/^I'm sorry/);
    expect(bad?.data.usage).to.have.property('total_tokens').that.is.greaterThan(0);
    expect(JSON.stringify(device.shown(bad?.id ?? 0))).not.to.contain('w2');
    expect(await rows('SELECT id FROM runs WHERE moderation IS NULL')).to.deep.equal([]);
    device.close();
    await expectAllAnswered();
  });
});
