import { expect } from 'chai';
import fc from 'fast-check';
import { countNext } from '../../db/models/analytics/counting.ts';
import { knex } from '../../db/knex.ts';
import { type Channel, CHANNELS } from '../../db/models/run.ts';
import { rateReply, unrateReply } from '../../db/models/reply.ts';
import { env } from '../../shared/base/env.ts';
import { ERROR } from '../../shared/analytics/percentiles.ts';
import { type Api, serveApi } from '../support/api.ts';
import { buildAssistant, forgetAssistants } from '../support/assistants.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Fact, kept, type Past, pastOfRows, tell, type Told } from '../support/histories.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const PAST_DAYS = 45;
/** Costs tell people apart from five on. */
const PEOPLE = 6;
/** Offsets of half hours and quarters, clocks that change by an hour and by half of one. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Pacific/Chatham',
];

type Told1 = Omit<Told, 'user' | 'at' | 'conversation'> & {
  who: number;
  minutesAgo: number;
  goesOn: number | null;
};
type Step =
  | { do: 'tell'; what: Told1 }
  | { do: 'rate'; which: number; rating: 'up' | 'down' }
  | { do: 'unrate'; which: number }
  | { do: 'score'; which: number; score: number }
  | { do: 'hand over'; which: number; minutesAgo: number }
  | { do: 'change'; which: number; tokens: number; minutesAgo: number }
  | { do: 'cancel'; which: number }
  | { do: 'speak'; which: number; language: string }
  | { do: 'move'; which: number; channel: Channel }
  | { do: 'miss'; which: number; suggestion: number }
  | { do: 'upgrade' }
  | { do: 'erase'; who: number }
  | { do: 'forget messages'; which: number }
  | { do: 'count'; how: 'once' | 'all' | 'twice at once' | 'killed' };

const minutesAgo = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 3 * 1_440 }),
  fc.integer({ min: 0, max: PAST_DAYS * 1_440 }),
);
const which = fc.nat(30);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('tell' as const),
      what: fc.record({
        who: fc.nat(PEOPLE - 1),
        minutesAgo,
        goesOn: fc.option(which),
        status: fc.constantFrom('completed' as const, 'completed', 'incomplete', 'failed', 'cancelled'),
        channel: fc.constantFrom(...CHANNELS),
        assistant: fc.option(fc.nat(1)),
        language: fc.constantFrom('en', 'de'),
        model: fc.constantFrom('a/small', 'b/large'),
        tokens: fc.tuple(fc.nat(5_000), fc.nat(900)),
        waitedMs: fc.nat(3_000),
        firstMs: fc.integer({ min: 1, max: 60_000 }),
        answerMs: fc.integer({ min: 1, max: 90_000 }),
        faq: fc.option(fc.nat(2)),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rate' as const),
      which,
      rating: fc.constantFrom('up' as const, 'down'),
    }),
  },
  fc.record({ do: fc.constant('unrate' as const), which }),
  fc.record({ do: fc.constant('score' as const), which, score: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('hand over' as const), which, minutesAgo }),
  fc.record({ do: fc.constant('change' as const), which, tokens: fc.nat(500), minutesAgo }),
  fc.record({ do: fc.constant('cancel' as const), which }),
  fc.record({ do: fc.constant('speak' as const), which, language: fc.constantFrom('en', 'fr') }),
  fc.record({ do: fc.constant('move' as const), which, channel: fc.constantFrom(...CHANNELS) }),
  fc.record({ do: fc.constant('miss' as const), which, suggestion: fc.nat(1) }),
  fc.record({ do: fc.constant('upgrade' as const) }),
  fc.record({ do: fc.constant('erase' as const), who: fc.nat(PEOPLE - 1) }),
  fc.record({ do: fc.constant('forget messages' as const), which }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('count' as const),
      how: fc.constantFrom('once' as const, 'all', 'twice at once', 'killed'),
    }),
  },
);
/** Minutes ago; the end may lie in the future. */
const window = fc.record({
  from: fc.integer({ min: 1, max: PAST_DAYS * 1_440 }),
  minutes: fc.integer({ min: 1, max: PAST_DAYS * 1_440 }),
  whole: fc.boolean(),
  timezone: fc.constantFrom(...ZONES),
  interval: fc.constantFrom('hour', 'day', 'week', 'month'),
  channel: fc.option(fc.constantFrom(...CHANNELS)),
  assistant: fc.option(fc.nat(1)),
});

const EVERYTHING = {
  from: (PAST_DAYS + 2) * 1_440,
  minutes: (PAST_DAYS + 4) * 1_440,
  whole: true,
  timezone: 'Europe/Berlin',
  interval: 'day',
  channel: null,
  assistant: null,
};

describe('analytics, whatever happened and whatever was counted,', function () {
  this.timeout(240_000);
  let api: Api;
  let admin: BuiltUser;
  /** The last one answers nothing. */
  let faqs: number[];
  let assistants: number[];
  before(async () => {
    api = await serveApi();
    faqs = await Promise.all([0, 1, 2, 3].map(publishFaq));
    assistants = [(await buildAssistant()).id, (await buildAssistant()).id];
  });
  after(async () => {
    await forgetAssistants();
    await api.close();
  });

  async function publishFaq(n: number): Promise<number> {
    const faq = {
      question: `Q${n}`,
      answer: 'A',
      slug: `truth-${n}`,
      status: 'published',
      published_at: new Date(n),
    };
    const [{ id }] = await knex('faqs').insert(faq).returning('id');
    return Number(id);
  }

  it('say what a plain recount of the rows says, in every route, to the last token', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 25 }),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.array(window, { minLength: 1, maxLength: 2 }),
        async (early, late, windows) => {
          const history = await begin();
          const expectAll = async () => {
            for (const asked of [EVERYTHING, ...windows]) await expectTruth(history.erased, asked);
          };
          for (const one of early) await history.take(one);
          await history.take({ do: 'count', how: 'all' });
          for (const one of late) await history.take(one);
          await expectAll();
          // Counted to the end, they say the same.
          await history.take({ do: 'count', how: 'all' });
          await expectAll();
        },
      ),
      // Shrinking ends in time to show what it found.
      { numRuns: 12, interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true },
    );
  });

  async function begin() {
    await knex.raw(`TRUNCATE users, conversations, messages, runs, analytics_state, analytics_changes, analytics_cells,
      analytics_spread, analytics_people, analytics_returns, analytics_begun, faq_suggestions, faq_gaps RESTART IDENTITY CASCADE`);
    admin = await buildUser({ role: 'admin' });
    await knex.raw(`INSERT INTO faq_suggestions (language, embedding, embedding_model)
      SELECT language, CAST(array_fill(0.1, ARRAY[1536]) AS vector), 'test' FROM (VALUES ('en'), ('de')) AS made (language)`);
    const people = await Promise.all(Array.from({ length: PEOPLE }, () => buildUser()));
    await knex('users')
      .whereIn(
        'id',
        people.map(({ id }) => id),
      )
      .update({ created_at: new Date(Date.now() - 20 * DAY) });
    const gone = new Set<number>();
    const erased: Past = { facts: [], fates: [] };
    forgotten.clear();
    const talks: { user: number; conversation: number; run: number; question: number; reply: number }[] = [];
    const live = () => talks.filter(({ user }) => !gone.has(user));
    const pick = (index: number) => live()[index % Math.max(1, live().length)];
    /** Deletes rows, and notes what they were. */
    const remove = async (drop: () => Promise<unknown>) => {
      const before = await past();
      await drop();
      const left = (await past()).facts.map((fact) => JSON.stringify(fact));
      const lost = before.facts.filter((fact) => {
        const found = left.indexOf(JSON.stringify(fact));
        if (found >= 0) left.splice(found, 1);
        return found < 0;
      });
      erased.facts.push(...kept({ facts: lost, fates: [] }).facts);
    };
    const take = async (one: Step): Promise<void> => {
      if (one.do === 'count') return count(one.how);
      if (one.do === 'upgrade') return upgrade();
      if (one.do === 'tell') {
        const { who, minutesAgo: ago, goesOn, faq, assistant = null, ...told } = one.what;
        const person = people[who]!;
        if (gone.has(person.id)) return;
        const own = live().filter(({ user }) => user === person.id);
        const conversation =
          goesOn === null ? undefined : own[goesOn % Math.max(1, own.length)]?.conversation;
        const user = person.id;
        const of = {
          faq: faq === null ? null : faqs[faq]!,
          assistant: assistant === null ? null : assistants[assistant]!,
        };
        const at = Date.now() - ago * MINUTE;
        talks.push({ user, ...(await tell({ ...told, ...of, user, conversation, at })) });
        return;
      }
      if (one.do === 'erase') {
        const { id } = people[one.who]!;
        if (gone.has(id)) return;
        gone.add(id);
        const own = new Set(
          (await knex('conversations').where({ user_id: id })).map((one) => Number(one.id)),
        );
        const fates = [...(await fatesBy())].filter(([conversation]) => own.has(conversation));
        await remove(() => knex('users').where({ id }).delete());
        erased.fates.push(...kept({ facts: [], fates: fates.map(([, fate]) => fate) }).fates);
        return;
      }
      const talk = pick(one.which);
      if (talk === undefined) return;
      const { conversation, run, question, reply, user } = talk;
      if (one.do === 'rate') await rateReply(reply, user, { rating: one.rating, comment: null });
      if (one.do === 'unrate') await unrateReply(reply, user);
      if (one.do === 'score')
        await knex('conversation_ratings')
          .insert({ conversation_id: conversation, score: one.score })
          .onConflict('conversation_id')
          .merge();
      if (one.do === 'hand over')
        await knex('episodes').insert({
          conversation_id: conversation,
          user_id: user,
          handoff_at: new Date(Date.now() - one.minutesAgo * MINUTE),
        });
      if (one.do === 'change')
        await knex('runs')
          .where({ id: run })
          .update({ total_tokens: one.tokens, completed_at: new Date(Date.now() - one.minutesAgo * MINUTE) });
      if (one.do === 'cancel')
        await knex('runs')
          .where({ id: run })
          .update({ status: 'cancelled', error_code: null, error_message: null });
      if (one.do === 'speak')
        await knex('conversations').where({ id: conversation }).update({ language: one.language });
      if (one.do === 'miss')
        await knex('faq_gaps')
          .insert({ message_id: question, reason: 'no_passage', suggestion_id: one.suggestion + 1 })
          .onConflict('message_id')
          .merge();
      if (one.do === 'move')
        await knex('conversations').where({ id: conversation }).update({ channel: one.channel });
      if (one.do === 'forget messages') {
        // Retention: the messages go, the conversation stays, and what became of it.
        if (forgotten.has(conversation)) return;
        const fate = (await fatesBy()).get(conversation);
        await remove(() => knex('messages').where({ conversation_id: conversation }).delete());
        if (fate !== undefined) forgotten.set(conversation, { answered: fate.answered, rated: fate.rated });
        for (let i = talks.length - 1; i >= 0; i -= 1)
          if (talks[i]!.conversation === conversation) talks.splice(i, 1);
      }
    };
    return { take, erased };
  }
  const forgotten = new Map<number, { answered: boolean; rated: string | null }>();
  const past = () => pastOfRows(env.RESOLVED_AFTER_H * 3_600_000);
  async function fatesBy() {
    const { fates } = await past();
    return new Map(fates.map((fate) => [fate.id, { ...fate, ...forgotten.get(fate.id) }]));
  }

  /** Leaves what the release before this one counted: no channels, and nobody who came back. */
  async function upgrade(): Promise<void> {
    await knex.transaction(async (trx) => {
      await trx('analytics_state').update({ renewed_to: null });
      await trx('analytics_returns').delete();
      for (const table of ['analytics_spread', 'analytics_people'])
        await trx(table).whereNot({ grain: 'k' }).update({ channel: null });
    });
  }

  async function count(how: 'once' | 'all' | 'twice at once' | 'killed'): Promise<void> {
    for (const part of ['moments', 'begun'] as const) {
      const next = () => countNext(part, env.RESOLVED_AFTER_H);
      if (how === 'once') await next();
      if (how === 'twice at once') await Promise.all([next(), next()]);
      if (how === 'all') while (await next());
      if (how === 'killed')
        await knex
          .transaction(async (trx) => {
            await trx.raw('SELECT analytics_count(?, ?)', [part, env.RESOLVED_AFTER_H]);
            throw new Error('killed');
          })
          .catch(({ message }: Error) => expect(message).to.equal('killed'));
    }
  }

  type Said = {
    totals: object;
    quality: { csat: { ratings: number } };
    previous: { totals: object };
    speed: Record<'first_token_ms' | 'answer_ms' | 'waited_ms', Record<string, number | null>>;
    top: { models: { model: string; answers: number }[] };
    data: Bucket[];
  };
  type Asked = {
    from: number;
    minutes: number;
    whole: boolean;
    timezone: string;
    interval: string;
    channel: Channel | null;
    assistant: number | null;
  };

  async function expectTruth(erased: Past, asked: Asked): Promise<void> {
    const unit = asked.whole ? DAY : MINUTE;
    const from = Math.floor((Date.now() - asked.from * MINUTE) / unit) * unit;
    const to = from + Math.max(1, Math.ceil((asked.minutes * MINUTE) / unit)) * unit;
    const query = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}&timezone=${asked.timezone}`;
    const rows = await past();
    const { channel } = asked;
    const assistant = asked.assistant === null ? null : assistants[asked.assistant]!;
    const among = [
      query,
      ...(channel === null ? [] : [`channel=${channel}`]),
      ...(assistant === null ? [] : [`assistant_id=${assistant}`]),
    ].join('&');
    const wanted = (one: { channel?: Channel; assistant?: number | null }) =>
      (channel === null || one.channel === channel) && (assistant === null || one.assistant === assistant);
    const everything = [...rows.facts, ...erased.facts];
    const facts = everything.filter((fact) => fact.kind === 'user' || wanted(fact));
    const within = (a: number, b: number) => facts.filter(({ at }) => at >= a && at < b);
    const get = (path: string) => figures<Said>(path);

    const { totals, quality, speed, previous, top } = await get(`dashboard?${among}`);
    const own = within(from, to);
    expect(totals).to.deep.equal(totalsOf(own));
    expect(previous.totals).to.deep.equal(totalsOf(within(2 * from - to, from)));
    const began = [...(await fatesBy()).values(), ...erased.fates].filter(
      (fate) => fate.began >= from && fate.began < to && wanted(fate),
    );
    const byBot = began.filter(
      ({ answered, rated, quiet, handedOff }) => answered && quiet && !handedOff && rated !== 'down',
    );
    const runs = own.filter(({ kind }) => kind === 'run');
    expect(quality).to.deep.include({
      from_knowledge: runs.filter(({ status, cited }) => status === 'completed' && cited).length,
      unanswered: runs.filter(({ status, cited }) => status === 'completed' && !cited).length,
      rated_up: countOf(own, 'up'),
      rated_down: countOf(own, 'down'),
      began: began.length,
      involved: began.filter(({ answered }) => answered).length,
      resolved_by_bot: byBot.length,
      confirmed: byBot.filter(({ rated }) => rated === 'up').length,
      pending: began.filter(({ quiet }) => !quiet).length,
    });
    expect(quality.csat.ratings).to.equal(began.filter(({ score }) => score !== null).length);
    for (const [name, field] of [
      ['first_token_ms', 'first'],
      ['answer_ms', 'answer'],
      ['waited_ms', 'waited'],
    ] as const)
      expectPercentiles(
        speed[name],
        runs.map((run) => run[field]).filter((ms) => ms != null),
      );
    for (const { model, answers } of top.models)
      expect(answers).to.equal(runs.filter((run) => run.model === model).length);

    if (asked.interval !== 'hour' || to - from <= 20 * DAY) {
      const { data } = await get(`conversations?${among}&interval=${asked.interval}`);
      expectBuckets(data, facts, { from, to }, asked);
    }

    const by = channel === null ? query : `${query}&channel=${channel}`;
    const through = (list: Fact[]) => list.filter((fact) => channel === null || fact.channel === channel);
    await expectCosts(
      { left: through(rows.facts), facts: through(everything) },
      { from, to },
      by,
      asked.timezone,
    );
    await expectKnowledge(through(everything), { from, to }, by, channel);

    const [somebody] = await knex('users').where({ role: 'user' }).limit(1);
    if (somebody === undefined) return;
    const ofThem = rows.facts.filter(({ user, at }) => user === Number(somebody.id) && at >= from && at < to);
    expect((await get(`user/${somebody.id}?${query}`)).totals).to.deep.equal({
      conversations: countOf(ofThem, 'conversation'),
      messages_in: countOf(ofThem, 'message'),
      answers: countOf(ofThem, 'run'),
      tokens: tokensOf(ofThem, 2),
      rated_up: countOf(ofThem, 'up'),
      rated_down: countOf(ofThem, 'down'),
    });
  }

  async function figures<Found>(path: string): Promise<Found> {
    const { status, body } = await api.call('GET', `/analytics/${path}`, undefined, { token: admin.access });
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as Found;
  }

  type Sum = { answers: number; tokens: number; amount: null };
  const sumOf = (runs: Fact[]): Sum => ({ answers: runs.length, tokens: tokensOf(runs, 2), amount: null });
  const by = <Key>(runs: Fact[], key: (run: Fact) => Key) =>
    [...Map.groupBy(runs, key)].map(([name, own]) => ({ key: name, ...sumOf(own) }));
  const inOrder = <One extends { key: unknown }>(list: One[]) =>
    list.toSorted((a, b) => String(a.key).localeCompare(String(b.key)));

  type Span = { from: number; to: number };
  async function expectCosts(
    { left, facts }: Record<'left' | 'facts', Fact[]>,
    { from, to }: Span,
    query: string,
    timezone: string,
  ): Promise<void> {
    type Line = Sum & Record<string, unknown>;
    const {
      total,
      days,
      models,
      assistants: byAssistant,
      users,
    } = await figures<Record<'days' | 'models' | 'assistants' | 'users', Line[]> & { total: Sum }>(
      `costs?${query}`,
    );
    const ended = (fact: Fact) => fact.kind === 'run' && fact.at >= from && fact.at < to;
    const runs = facts.filter(ended);
    const keyed = (list: Line[], name: string) =>
      inOrder(list.map(({ [name]: key, ...sum }) => ({ key, ...sum }) as { key: unknown } & Sum));
    expect(total).to.deep.equal({ ...sumOf(runs), unpriced_tokens: null });
    expect(keyed(models, 'model')).to.deep.equal(inOrder(by(runs, ({ model }) => model ?? '')));
    expect(keyed(byAssistant, 'assistant_id')).to.deep.equal(
      inOrder(by(runs, ({ assistant }) => assistant ?? null)),
    );
    // Erased people are no longer told apart from anybody, so they are not here.
    const own = left.filter((fact) => ended(fact) && fact.counted === true);
    const people = new Set(own.map(({ user }) => user)).size;
    expect(keyed(users, 'user_id')).to.deep.equal(inOrder(by(own, ({ user }) => (people < 5 ? null : user))));
    const starts = days.map(({ start }) => Date.parse(String(start)));
    expect(starts[0]).to.equal(from);
    for (const [i, { start, ...day }] of days.entries()) {
      const [begin, end] = [starts[i]!, starts[i + 1] ?? to];
      if (i > 0) expectBoundary(begin, timezone, 'day');
      expect(end - begin).to.be.within(1, LONGEST.day!);
      expect(day, String(start)).to.deep.equal(sumOf(runs.filter(({ at }) => at >= begin && at < end)));
    }
  }

  async function expectKnowledge(
    facts: Fact[],
    { from, to }: Span,
    query: string,
    channel: Channel | null,
  ): Promise<void> {
    type Faq = { faq_id: number; question: string; uses: number; rated_up: number; rated_down: number };
    type Gap = { suggestion_id: number; asked: number; asked_before: number };
    const said = await figures<{ faqs: Faq[]; unused: { faq_id: number }[]; gaps: Gap[] }>(
      `knowledge?${query}&limit=100`,
    );
    const within = (at: number) => at >= from && at < to;
    const uses = (id: number) =>
      facts
        .filter(({ kind, at }) => kind === 'run' && within(at))
        .flatMap((run) => run.faqs ?? [])
        .filter((faq) => faq === id).length;
    const cited = await knex('message_feedback')
      .join('runs', 'runs.reply_id', 'message_feedback.message_id')
      .join('conversations', 'conversations.id', 'runs.conversation_id')
      .where(channel === null ? {} : { channel })
      .select('rating', 'sources', 'message_feedback.created_at as at');
    const rated = (id: number, rating: string) =>
      cited.filter(
        (one) =>
          one.rating === rating &&
          within(one.at.getTime()) &&
          one.sources.some(({ faq_id }: { faq_id: number }) => faq_id === id),
      ).length;
    const counted = faqs
      .map((faq_id, n) => ({
        faq_id,
        question: `Q${n}`,
        uses: uses(faq_id),
        rated_up: rated(faq_id, 'up'),
        rated_down: rated(faq_id, 'down'),
        helpful: 0,
        not_helpful: 0,
      }))
      .toSorted((a, b) => b.uses - a.uses || a.faq_id - b.faq_id);
    expect(said.faqs).to.deep.equal(counted.filter((one) => one.uses + one.rated_up + one.rated_down > 0));
    expect(said.unused.map(({ faq_id }) => faq_id)).to.deep.equal(faqs.filter((id) => uses(id) === 0));
    const missed = await knex('faq_gaps')
      .join('messages', 'messages.id', 'faq_gaps.message_id')
      .join('conversations', 'conversations.id', 'messages.conversation_id')
      .where(channel === null ? {} : { channel })
      .select('suggestion_id', 'messages.created_at as at');
    const asked = (id: number, a: number, b: number) =>
      missed.filter(
        ({ suggestion_id, at }) => Number(suggestion_id) === id && at.getTime() >= a && at.getTime() < b,
      ).length;
    const gaps = [1, 2]
      .map((id) => ({ id, now: asked(id, from, to), before: asked(id, 2 * from - to, from) }))
      .filter(({ now, before }) => now + before > 0)
      .toSorted((a, b) => b.now - a.now || a.id - b.id)
      .map(({ id, now, before }) => ({ suggestion_id: id, asked: now, asked_before: before }));
    expect(
      said.gaps.map(({ suggestion_id, asked: now, asked_before }) => ({
        suggestion_id,
        asked: now,
        asked_before,
      })),
    ).to.deep.equal(gaps);
  }

  const countOf = (facts: Fact[], kind: Fact['kind']) => facts.filter((fact) => fact.kind === kind).length;
  const tokensOf = (facts: Fact[], which: 0 | 1 | 2) =>
    facts.reduce((sum, { tokens }) => sum + (tokens?.[which] ?? 0), 0);

  function totalsOf(facts: Fact[]) {
    const ended = (status: string) => facts.filter((fact) => fact.status === status).length;
    return {
      users_active: new Set(facts.filter(({ kind }) => kind === 'message').map(({ user }) => user)).size,
      users_new: countOf(facts, 'user'),
      conversations: countOf(facts, 'conversation'),
      messages_in: countOf(facts, 'message'),
      answers: countOf(facts, 'run'),
      answers_by_status: {
        completed: ended('completed'),
        incomplete: ended('incomplete'),
        failed: ended('failed'),
        cancelled: ended('cancelled'),
      },
      handoffs: countOf(facts, 'handoff'),
      tokens: { prompt: tokensOf(facts, 0), completion: tokensOf(facts, 1), total: tokensOf(facts, 2) },
      cost: null,
    };
  }

  function expectPercentiles(said: Record<string, number | null>, values: number[]): void {
    const sorted = values.toSorted((a, b) => a - b);
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const) {
      if (sorted.length === 0) {
        expect(said[name]).to.equal(null);
        continue;
      }
      const exact = Math.max(1, sorted[Math.ceil(share * sorted.length) - 1]!);
      // Half a ms more, because the answer is in whole ms.
      expect(said[name]).to.be.within(exact * (1 - ERROR) - 0.51, exact * (1 + ERROR) + 0.51);
    }
  }

  type Bucket = { start: string } & Record<string, number>;

  function expectBuckets(
    data: Bucket[],
    facts: Fact[],
    { from, to }: Span,
    { timezone, interval }: Asked,
  ): void {
    const starts = data.map(({ start }) => Date.parse(start));
    expect(starts[0]).to.equal(from);
    for (const [i, bucket] of data.entries()) {
      const [start, end] = [starts[i]!, starts[i + 1] ?? to];
      expect(end).to.be.greaterThan(start);
      if (i > 0) expectBoundary(start, timezone, interval);
      // Nothing that is a boundary lies within: the next one is at most as far as the longest unit.
      expect(end - start).to.be.at.most(LONGEST[interval]!);
      const own = facts.filter(({ at }) => at >= start && at < end);
      expect(bucket, `${bucket.start} ${timezone} ${interval}`).to.deep.include({
        conversations: countOf(own, 'conversation'),
        messages_in: countOf(own, 'message'),
        answers: countOf(own, 'run'),
        failed: own.filter(({ status }) => status === 'failed').length,
        handoffs: countOf(own, 'handoff'),
        rated_up: countOf(own, 'up'),
        rated_down: countOf(own, 'down'),
        tokens: tokensOf(own, 2),
      });
    }
  }

  const LONGEST: Record<string, number> = {
    hour: 60 * MINUTE,
    day: 1_500 * MINUTE,
    week: 7 * 1_440 * MINUTE + 60 * MINUTE,
    month: 31 * 1_440 * MINUTE + 60 * MINUTE,
  };

  /** Asks Intl, which knows nothing of Postgres, what the clocks of the zone show. */
  function expectBoundary(at: number, timezone: string, interval: string): void {
    const clock = (time: number) => {
      const parts = new Intl.DateTimeFormat('en-GB', {
        timeZone: timezone,
        weekday: 'short',
        day: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      }).formatToParts(time);
      return Object.fromEntries(parts.map(({ type, value }) => [type, value]));
    };
    const [now, then] = [clock(at), clock(at - MINUTE)];
    if (interval === 'hour') {
      // On the hour, or where clocks jumped.
      const jumped = Number(now.minute) !== (Number(then.minute) + 1) % 60;
      expect(now.minute === '00' || jumped, JSON.stringify([now, then])).to.equal(true);
      return;
    }
    expect(now.day, JSON.stringify([now, then])).to.not.equal(then.day);
    if (interval === 'week') expect(now.weekday).to.equal('Mon');
    if (interval === 'month') expect(now.day).to.equal('1');
  }
});
