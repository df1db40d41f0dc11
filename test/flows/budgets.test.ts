import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knex } from '../../db/knex.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { startStack, type Stack, WORKERS } from '../support/stack.ts';
import { trapped } from '../support/traps.ts';
import { until } from '../support/until.ts';

const BUDGET = 4_000;
const PRICES = [
  { model: '*', valid_from: '2020-01-01', currency: 'EUR', input: 2, output: 8 },
  { model: 'no/such', valid_from: '2021-01-01', currency: 'EUR', input: 1_000, output: 1_000 },
];

describe('budgets and costs', function () {
  this.timeout(90_000);
  let stack: Stack;
  before(async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'parley-prices-')), 'prices.json');
    writeFileSync(file, JSON.stringify(PRICES));
    const env = {
      BUDGET_USER_DAY: String(BUDGET),
      BUDGET_DAY: '1000000',
      MAX_COMPLETION_TOKENS: '3500',
      MODEL_PRICES: file,
      COMPLETION_CONCURRENCY: '1',
    };
    // The first worker dies in its first answer; the second takes that answer up.
    stack = await startStack(env, ['web', ...WORKERS.filter((type) => type !== 'completion')]);
    await stack.add('completion', { ...env, ...trapped('KILL_AT', 'completion.shown') });
  });
  after(() => stack.stop());

  const amounts = async (table: string) => (await knex(table).orderBy('day')).map(({ amount }) => amount);
  const tokens = async (user?: BuiltUser) => {
    const query = knex('runs').sum({ tokens: 'total_tokens' });
    return Number((await (user ? query.where({ user_id: user.id }) : query))[0]?.tokens ?? 0);
  };
  /** Sends a message and returns its run once it has ended. */
  async function ask(user: BuiltUser, content: string, key?: string) {
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const { status, body } = await stack.post(
      '/chat/send',
      { content },
      user.access,
      key === undefined ? {} : { key },
    );
    expect(status, JSON.stringify(body)).to.equal(202);
    await device.ended(Number(body.run_id));
    device.close();
    return (await stack.get(`/runs/${body.run_id}`, user.access)).body as {
      id: number;
      status: string;
      attempt: number;
      usage: { completion_tokens: number; total_tokens: number } | null;
    };
  }

  let user: BuiltUser;
  it('count an answer once, also when its first worker dies', async () => {
    user = await buildUser();
    const asking = ask(user, 'Hello [[tokens:40]]', 'first');
    while ((await knex('runs').where({ attempt: 1 }).whereNotNull('reserved')).length === 0) await sleep(20);
    const [{ reserved }] = await knex('runs');
    expect(reserved).to.be.within(1, BUDGET);
    expect(await amounts('budget_user_days')).to.deep.equal([reserved]);
    await stack.add('completion');
    const run = await asking;
    expect(run).to.deep.include({ status: 'completed', attempt: 2 });
    expect(await amounts('budget_user_days')).to.deep.equal([run.usage?.total_tokens]);
    expect(await amounts('budget_days')).to.deep.equal([run.usage?.total_tokens]);
  });

  it('stop an answer at its share, then refuse the user’s messages; replays and other users go on', async () => {
    const run = await ask(user, 'Tell me all [[tokens:5000]]');
    expect(run.status).to.equal('incomplete');
    expect(run.usage?.completion_tokens).to.be.lessThan(BUDGET);
    expect(await amounts('budget_user_days')).to.deep.equal([await tokens(user)]);
    await knex('budget_user_days').update({ amount: BUDGET });
    const refused = await stack.post('/chat/send', { content: 'More' }, user.access);
    expect(refused.status).to.equal(429);
    expect(refused.body.code).to.equal('quota_exceeded');
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 86_400);
    expect(refused.body.detail).to.match(/begins at \d{4}-\d\d-\d\dT\d\d:\d\dZ/);
    const again = await stack.post('/chat/send', { content: 'Hello [[tokens:40]]' }, user.access, {
      key: 'first',
    });
    expect([again.status, again.headers.get('idempotency-replayed')]).to.deep.equal([202, 'true']);
    expect((await ask(await buildUser(), 'Hi')).status).to.equal('completed');
  });

  it('refuse no message to a person, which no model answers', async () => {
    const { conversation_id } = (await knex('runs').where({ user_id: user.id }).first()) as {
      conversation_id: number;
    };
    const say = (content: string, whose = user) =>
      stack.post('/chat/send', { content, conversation_id }, whose.access);
    await stack.post(`/conversations/${conversation_id}/handoff`, {}, user.access);
    const told = await say('Is anybody there?');
    expect([told.status, told.body.status]).to.deep.equal([202, 'with_agent']);
    const elsewhere = await stack.post('/chat/send', { content: 'More' }, user.access);
    expect(elsewhere.body.code).to.equal('quota_exceeded');
    expect((await say('Mine?', await buildUser())).body.code).to.equal('not_found');
  });

  it('cost what the model’s own price says, by day, model, assistant and user', async () => {
    const admin = await buildUser({ role: 'admin' });
    const [used] = await knex('runs').sum({ input: 'prompt_tokens', output: 'completion_tokens' });
    const amount = (2 * Number(used?.input) + 8 * Number(used?.output)) / 1_000_000;
    const { body } = await stack.get('/analytics/costs', admin.access);
    const costs = body as Record<'total' | 'currency', unknown> & Record<string, Record<string, unknown>[]>;
    expect(costs.currency).to.equal('EUR');
    expect(costs.total).to.deep.equal({ answers: 3, tokens: await tokens(), amount, unpriced_tokens: 0 });
    expect(costs.days?.at(-1)).to.deep.include({ answers: 3, amount });
    expect(costs.models).to.have.length(1);
    expect(costs.assistants?.[0]).to.deep.include({ assistant_id: null, amount });
    // Fewer than five people are not told apart.
    expect(costs.users).to.deep.equal([{ user_id: null, answers: 3, tokens: await tokens(), amount }]);
    const { body: dashboard } = await stack.get('/analytics/dashboard', admin.access);
    expect((dashboard.totals as { cost: object }).cost).to.deep.equal({
      amount,
      currency: 'EUR',
      unpriced_tokens: 0,
    });
    for (let i = 0; i < 3; i += 1) await ask(await buildUser(), 'Hi');
    const { body: more } = await stack.get('/analytics/costs', admin.access);
    expect((more.users as { user_id: number | null }[]).map(({ user_id }) => user_id)).to.include(user.id);
  });

  it('warn a user at four fifths of their own budget, once a day, and nobody else', async () => {
    const [user, other] = [await buildUser(), await buildUser()];
    await ask(user, 'Hi');
    await ask(other, 'Hi');
    const warned = () =>
      knex('notifications').where({ kind: 'user_budget_warning' }).orderBy('id').pluck('user_id');
    expect(await warned()).to.deep.equal([]);
    await knex('budget_user_days')
      .where({ user_id: user.id })
      .update({ amount: BUDGET * 0.8 });
    await ask(user, 'Hi');
    await ask(user, 'Hi');
    await ask(other, 'Hi');
    expect(await warned()).to.deep.equal([user.id]);
  });

  it('warn administrators at four fifths of the day’s budget, once', async () => {
    const admin = await buildUser({ role: 'admin' });
    await knex('budget_days').update({ amount: 800_000 });
    await ask(await buildUser(), 'Hi');
    await ask(await buildUser(), 'Hi');
    const owed = await knex('notifications').where({ kind: 'budget_warning', user_id: admin.id });
    expect(owed).to.have.length(1);
    await stack.add('notification');
    let told: { kind: string }[] = [];
    while (told.length === 0) {
      await sleep(50);
      told = (await stack.get('/notifications', admin.access)).body.data as { kind: string }[];
    }
    expect(told.map(({ kind }) => kind)).to.deep.equal(['budget_warning']);
  });

  it('hold up an answer while others reserve what it wants, and fail it when that is used', async () => {
    const [many, greedy] = [await buildUser(), await buildUser()];
    const used = 1_000;
    await knex.raw(
      `INSERT INTO budget_user_days (day, user_id, amount)
       SELECT (now() AT TIME ZONE 'UTC')::date, id, ? FROM users WHERE id IN (?, ?)`,
      [used, many.id, greedy.id],
    );
    const amountOf = async ({ id }: BuiltUser) =>
      Number((await knex('budget_user_days').where({ user_id: id }).first('amount')).amount);
    /** Resolves when the user's first answer holds all that is left of the day. */
    const held = (who: BuiltUser) =>
      until('the day is reserved', async () => (await amountOf(who)) === BUDGET);

    await stack.add('completion', { COMPLETION_CONCURRENCY: '3' });
    const first = ask(many, 'Hello [[delay:2000]] [[tokens:20]]');
    await held(many);
    const others = ['second', 'third'].map((which) => ask(many, `${which} [[tokens:20]]`));
    const ended = await Promise.all([first, ...others]);
    expect(ended.map(({ status }) => status)).to.deep.equal(['completed', 'completed', 'completed']);
    expect(await amountOf(many)).to.equal(used + (await tokens(many)));

    const long = ask(greedy, 'Tell me all [[delay:2000]] [[tokens:5000]]');
    await held(greedy);
    const late = ask(greedy, 'And more');
    expect((await long).status).to.equal('incomplete');
    expect(await late).to.deep.include({
      status: 'failed',
      error: { code: 'quota_exceeded', message: 'The budget of the day is used up.' },
    });
  });
});
