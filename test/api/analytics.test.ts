import { expect } from 'chai';
import { countNext } from '../../db/models/analytics/counting.ts';
import { knex } from '../../db/knex.ts';
import { rateReply } from '../../db/models/reply.ts';
import type { Answer, Api } from '../support/api.ts';
import { type BuiltUser, buildGuest, buildUser } from '../support/factories.ts';
import { playWorker, send, type Sent, serveWeb } from '../support/web.ts';

type Figures = Record<string, Record<string, unknown>>;

describe('analytics', function () {
  this.timeout(20_000);
  let api: Api;
  let admin: BuiltUser;
  let ada: BuiltUser;
  let bob: BuiltUser;
  let last: Sent;
  before(async () => {
    api = await serveWeb();
    [admin, ada, bob] = await Promise.all([buildUser({ role: 'admin' }), buildUser(), buildUser()]);
    const first = await answer(ada, { sources: [{ faq_id: await faq(), question: 'Q?', similarity: 0.9 }] });
    last = await answer(ada, { conversation_id: first.conversation_id, first_token_ms: 400 });
    await answer(bob, { status: 'failed', error: { code: 'provider_timeout', message: '' }, usage: null });
    await rateReply(last.reply_id, ada.id, { rating: 'up', comment: null });
  });
  after(() => api.close());

  async function answer(user: BuiltUser, { conversation_id, ...outcome }: Record<string, unknown>) {
    const sent = await send(api, user, conversation_id === undefined ? {} : { conversation_id });
    const worker = await playWorker(user, sent);
    await worker.say('So.');
    await worker.finish(outcome);
    await worker.announce();
    return sent;
  }
  async function faq(): Promise<number> {
    const [row] = await knex('faqs').insert({ question: 'Q?', answer: 'A.', slug: 'q' }).returning('id');
    return row.id;
  }
  const get = (path: string, user = admin) =>
    api.call('GET', `/analytics/${path}`, undefined, { token: user.access });
  const figures = async (path: string) => {
    const { status, body } = await get(path);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as Figures;
  };
  const table = async (path: string) => {
    const answer = await fetch(`${api.url}/api/v1/analytics/${path}`, {
      headers: { authorization: `Bearer ${admin.access}` },
    });
    expect(answer.headers.get('content-type')).to.contain('text/csv');
    return (await answer.text()).replace('\ufeff', '').trim().split('\r\n');
  };
  function expectInvalid({ status, body }: Answer, path: string): void {
    expect(status, JSON.stringify(body)).to.equal(400);
    expect((body.errors as { path: string }[])[0]?.path).to.equal(`/${path}`);
  }

  it('count what happened up to the present moment, without any rollup', async () => {
    const { totals, quality, top, speed } = await figures('dashboard');
    expect(totals).to.deep.equal({
      users_active: 2,
      users_new: 3,
      conversations: 2,
      messages_in: 3,
      answers: 3,
      answers_by_status: { completed: 2, incomplete: 0, failed: 1, cancelled: 0 },
      handoffs: 0,
      tokens: { prompt: 10, completion: 4, total: 14 },
      cost: null,
    });
    expect(quality).to.deep.include({
      from_knowledge: 1,
      unanswered: 1,
      rated_up: 1,
      rated_down: 0,
      resolved_by_bot: 0,
      pending: 2,
      involved: 1,
      began: 2,
      resolution_rate: 0,
      handoff_rate: 0,
      coverage: 0.5,
    });
    expect(top).to.deep.equal({
      faqs: [{ faq_id: 1, question: 'Q?', uses: 1 }],
      languages: [{ language: 'en', messages: 3 }],
      models: [{ model: 'test', answers: 3, tokens: 14 }],
    });
    expect((speed as unknown as { first_token_ms: { p50: number } }).first_token_ms.p50).to.be.within(
      384,
      416,
    );
  });

  it('are the same over time, by user and as tables', async () => {
    const { data } = await figures('conversations?interval=day');
    const days = data as unknown as Record<string, unknown>[];
    expect(days).to.have.length(30);
    expect(days.at(-1)).to.deep.include({
      conversations: 2,
      messages_in: 3,
      answers: 3,
      failed: 1,
      rated_up: 1,
      tokens: 14,
    });
    const own = await get(`user/${ada.id}`, ada);
    expect(own.body.totals).to.deep.equal({
      conversations: 1,
      messages_in: 2,
      answers: 2,
      tokens: 14,
      rated_up: 1,
      rated_down: 0,
    });
    expect((await get(`user/${bob.id}`, ada)).status).to.equal(404);
    expect((await get(`user/${bob.id}`)).status).to.equal(200);
    expect((await get('user/999999')).status).to.equal(404);

    const lines = await table('conversations?format=csv');
    expect(lines[0]).to.equal(
      'start,conversations,messages_in,answers,failed,handoffs,rated_up,rated_down,tokens,first_token_ms_p50,answer_ms_p95',
    );
    expect(lines).to.have.length(31);
    const dashboard = await table('dashboard?format=csv');
    expect(dashboard).to.include('totals.tokens.total,,14,0');
    expect(dashboard).to.include('top.faqs,Q?,1,');
    expect(await table(`user/${ada.id}?format=csv`)).to.include('totals.tokens,14');
  });

  it('refuse windows that are malformed, empty or too long', async () => {
    expectInvalid(await get('dashboard?from=yesterday'), 'from');
    expectInvalid(await get('dashboard?from=2026-02-30'), 'from');
    expectInvalid(await get('dashboard?from=2026-02-03&to=2026-02-03'), 'to');
    expectInvalid(await get('dashboard?from=2026-02-03&to=2026-02-02'), 'to');
    expectInvalid(await get('dashboard?from=2001-01-01'), 'from');
    expectInvalid(await get('dashboard?timezone=Mars/Base'), 'timezone');
    expectInvalid(await get('dashboard?format=xml'), 'format');
    expectInvalid(await get('conversations?interval=minute'), 'interval');
    expectInvalid(await get('conversations?interval=hour&from=2025-01-01&to=2026-01-01'), 'interval');
  });

  it('have days as long as they are where clocks change, in zones of any offset', async () => {
    const starts = async (query: string) =>
      ((await figures(`conversations?${query}`)).data as unknown as { start: string }[]).map(
        ({ start }) => start,
      );
    expect(await starts('from=2026-03-28&to=2026-03-31&interval=day&timezone=Europe/Berlin')).to.deep.equal([
      '2026-03-27T23:00:00.000Z',
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ]);
    expect(await starts('from=2026-03-29&to=2026-03-30&interval=hour&timezone=Europe/Berlin')).to.have.length(
      23,
    );
    expect(await starts('from=2026-10-25&to=2026-10-26&interval=hour&timezone=Europe/Berlin')).to.have.length(
      25,
    );
    expect(await starts('from=2026-03-01&to=2026-03-02&interval=day&timezone=Asia/Kathmandu')).to.deep.equal([
      '2026-02-28T18:15:00.000Z',
    ]);
    // Half an hour of summer time: one hour of that day is half as long as another.
    const lordHowe = await starts('from=2026-04-05&to=2026-04-06&interval=hour&timezone=Australia/Lord_Howe');
    expect(lordHowe).to.include('2026-04-04T15:00:00.000Z');
    expect(lordHowe).to.include('2026-04-04T15:30:00.000Z');
    expect(lordHowe).to.have.length(25);
    expect(
      await starts('from=2026-01-15&to=2026-03-02&interval=month&timezone=America/New_York'),
    ).to.deep.equal(['2026-01-15T05:00:00.000Z', '2026-02-01T05:00:00.000Z', '2026-03-01T05:00:00.000Z']);
  });

  it('are the same when they are counted, counted again and changed late', async () => {
    await knex.raw(`UPDATE conversations SET created_at = created_at - interval '3 days',
      last_message_at = last_message_at - interval '3 days'`);
    await knex.raw(`UPDATE messages SET created_at = created_at - interval '3 days'`);
    await knex.raw(`UPDATE runs SET created_at = created_at - interval '3 days',
      started_at = started_at - interval '3 days', completed_at = completed_at - interval '3 days'`);
    const counted = async () => {
      for (const part of ['moments', 'begun'] as const) while (await countNext(part, 24));
      const { updated_at: _, ...rest } = await figures('dashboard');
      return rest;
    };
    const { updated_at: _, ...live } = await figures('dashboard');
    expect(await counted()).to.deep.equal(live);
    expect(live.quality).to.deep.include({
      resolved_by_bot: 1,
      confirmed: 1,
      pending: 0,
      resolution_rate: 1,
    });
    const left = knex('analytics_changes').whereRaw(`start < now() - interval '2 days'`);
    expect(await left).to.deep.equal([]);
    expect(await counted()).to.deep.equal(live);

    await rateReply(last.reply_id, ada.id, { rating: 'down', comment: null });
    const changed = await figures('dashboard');
    expect(changed.quality).to.deep.include({
      rated_up: 0,
      rated_down: 1,
      resolved_by_bot: 0,
      resolution_rate: 0,
    });
    expect((await counted()).quality).to.deep.equal(changed.quality);
  });

  it('keep the totals of erased people, and nothing of theirs', async () => {
    const { updated_at: _, ...before } = await figures('dashboard');
    await knex('users').where({ id: bob.id }).delete();
    const { updated_at: __, ...live } = await figures('dashboard');
    expect(live).to.deep.equal(before);
    for (const part of ['moments', 'begun'] as const) while (await countNext(part, 24));
    const { updated_at: ___, ...counted } = await figures('dashboard');
    expect(counted).to.deep.equal(before);
    expect(await knex('analytics_people').where({ person: bob.id })).to.deep.equal([]);
  });
});

describe('the rating of a conversation', () => {
  let api: Api;
  before(async () => {
    api = await serveWeb();
  });
  after(() => api.close());

  it('is its user’s, replaces an earlier one and is in the figures', async () => {
    const [guest, other, admin] = await Promise.all([
      buildGuest(),
      buildUser(),
      buildUser({ role: 'admin' }),
    ]);
    const { conversation_id } = await send(api, guest);
    const rate = (body: object, user = guest) =>
      api.call('POST', `/conversations/${conversation_id}/rating`, body, { token: user.access });
    expect((await rate({ score: 2, comment: 'Meh.' })).status).to.equal(204);
    expect((await rate({ score: 4 })).status).to.equal(204);
    expect((await rate({ score: 5 }, other)).status).to.equal(404);
    for (const score of [0, 6, 1.5, '5']) expect((await rate({ score })).status).to.equal(400);
    expect((await rate({ score: 3, comment: 'x'.repeat(1_001) })).status).to.equal(400);
    const { body } = await api.call('GET', '/analytics/dashboard', undefined, { token: admin.access });
    expect((body.quality as { csat: object }).csat).to.deep.equal({ ratings: 1, average: 4 });
  });
});
