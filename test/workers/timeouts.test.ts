import type { Worker } from 'bullmq';
import { expect } from 'chai';
import { row, way } from '../../db/sql.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { completion } from '../../workers/completion.ts';
import { context } from '../../workers/context.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { moderation } from '../../workers/moderation.ts';
import { work } from '../../workers/work.ts';
import type { Api } from '../support/api.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { until } from '../support/until.ts';
import { send, serveWeb } from '../support/web.ts';

type Trouble = { statements: RegExp; times: number; error: () => Error };

const tooSlow = () =>
  Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
const silent = () => new Error('Query read timeout');
const away = () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

describe('a run whose statements time out while its prompt is built', () => {
  let api: Api;
  let provider: Provider;
  let workers: Worker[];
  let user: BuiltUser;
  let device: Device;
  let troubles: Trouble[] = [];
  /** Statements that run, and whose answer is lost. */
  let lost: RegExp | undefined;
  const { run } = way;

  before(async () => {
    await untilReady(redis);
    [api, provider, user] = await Promise.all([serveWeb(), startProvider(), buildUser()]);
    device = await connectDevice(api.url, user.access);
    workers = [work('moderation', moderation), work('context', context), work('completion', completion)];
    way.run = async (sql, bindings, db) => {
      const trouble = troubles.find(({ statements, times }) => times > 0 && statements.test(sql));
      if (lost?.test(sql)) {
        await run(sql, bindings, db);
        throw silent();
      }
      if (trouble === undefined) return run(sql, bindings, db);
      trouble.times -= 1;
      throw trouble.error();
    };
  });
  after(async () => {
    way.run = run;
    device.close();
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all([api.close(), provider.stop()]);
  });
  afterEach(() => {
    troubles = [];
    lost = undefined;
  });

  /**
   * Sends a second message, whose prompt has a history, while statements are in trouble. Resolves to its row at
   * the end.
   */
  async function ask(...these: Trouble[]) {
    const first = await send(api, user, { content: 'First [[tokens:3]]' });
    await device.ended(first.run_id);
    troubles = these;
    const { conversation_id } = first;
    const { run_id } = await send(api, user, { conversation_id, content: 'Second [[tokens:3]]' });
    await device.ended(run_id);
    return row<Record<string, unknown>>(
      'SELECT status, error_code, timeouts, retries, crashes FROM runs WHERE id = :run_id',
      { run_id },
    );
  }

  const stages = [
    ['history is read (context)', /FROM messages first/],
    ['the verdict is kept (moderation)', /SET moderation = /],
    ['texts are read (completion)', /FROM messages WHERE id = ANY/],
  ] as const;
  for (const [name, statements] of stages) {
    it(`fails with database_timeout after five timeouts: ${name}`, async function () {
      this.timeout(50_000);
      const ended = await ask({ statements, times: Infinity, error: tooSlow });
      expect(ended).to.deep.equal({
        status: 'failed',
        error_code: 'database_timeout',
        timeouts: 5,
        retries: 0,
        crashes: 0,
      });
    });
  }

  it('fails after five timeouts of its claim, which nothing else could end', async function () {
    this.timeout(50_000);
    const ended = await ask({ statements: /FROM claim_run/, times: Infinity, error: tooSlow });
    expect(ended).to.include({ status: 'failed', error_code: 'database_timeout', timeouts: 5, crashes: 0 });
  });

  it('fails after five timeouts of its end, keeps its text, and the next message is answered', async function () {
    this.timeout(50_000);
    const statements = /FROM finish_run/;
    const first = await send(api, user, { content: 'First [[tokens:3]]' });
    troubles = [{ statements, times: Infinity, error: silent }];
    const { conversation_id } = first;
    const behind = await send(api, user, { conversation_id, content: 'Behind [[tokens:2]]' });
    const end = (await device.ended(first.run_id)) as {
      event: string;
      data: { content: string; seq: number };
    };
    troubles = [];
    expect([end.event, end.data.content, end.data.seq]).to.deep.equal(['run.failed', 'w1 w2 w3', 2_000_000]);
    const kept = await row(
      'SELECT r.status, r.error_code, m.content FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :id',
      {
        id: first.run_id,
      },
    );
    expect(kept).to.deep.equal({ status: 'failed', error_code: 'database_timeout', content: 'w1 w2 w3' });
    expect((await device.ended(behind.run_id)).event).to.equal('response');
  });

  it('is completed once where its end was committed and only seemed to time out', async function () {
    this.timeout(50_000);
    lost = /FROM finish_run/;
    const sent = await send(api, user, { content: 'Committed [[tokens:3]]' });
    await until('the end is stored', async () =>
      row('SELECT 1 FROM runs WHERE id = :id AND completed_at IS NOT NULL', { id: sent.run_id }),
    );
    lost = undefined;
    await reconcile(0);
    expect((await device.ended(sent.run_id)).event).to.equal('response');
    const kept = await row('SELECT status, attempt, timeouts FROM runs WHERE id = :id', { id: sent.run_id });
    expect(kept).to.deep.equal({ status: 'completed', attempt: 1, timeouts: 0 });
  });

  it('is answered when the third try is quick enough', async function () {
    this.timeout(50_000);
    const statements = /FROM messages first/;
    const ended = await ask(
      { statements, times: 1, error: silent },
      { statements, times: 1, error: tooSlow },
    );
    expect(ended).to.include({ status: 'completed', timeouts: 2, retries: 0 });
  });

  it('counts no timeouts while Postgres is away or cannot count', async function () {
    this.timeout(50_000);
    const ended = await ask(
      { statements: /FROM messages first/, times: 2, error: away },
      { statements: /FROM messages WHERE id = ANY/, times: 2, error: tooSlow },
      { statements: /SET timeouts/, times: 2, error: away },
    );
    expect(ended).to.include({ status: 'completed', timeouts: 0, retries: 0, crashes: 0 });
  });
});
