import { verify } from '@node-rs/argon2';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqs } from '../../db/seeds/faqs.ts';
import { seedDemo } from '../../db/seeds/demo/index.ts';
import { makeMonth } from '../../db/seeds/demo/month.ts';
import { seed } from '../../db/seeds/index.ts';
import { faqSet, searchFaqs } from '../../db/models/faqSearch.ts';
import { wantSet } from '../../db/models/embeddingSet.ts';
import { countNext } from '../../db/models/analytics/counting.ts';
import { listExperiments } from '../../db/models/experiment.ts';
import { rows } from '../../db/sql.ts';
import { dashboard } from '../../shared/analytics/dashboard.ts';
import { resultOf } from '../../shared/analytics/experiments.ts';
import { windowOf } from '../../shared/analytics/window.ts';
import { env } from '../../shared/base/env.ts';
import { miscounted, owedRuns, runsAtRest, wrongsOfRun } from '../../lab/kit/invariants.ts';
import { call, serveApi } from '../support/api.ts';
import { buildUser } from '../support/factories.ts';
import { pastOfRows } from '../support/histories.ts';
import { buildWebhook } from '../support/webhooks.ts';
import { embeddingDebts } from '../../db/models/owed.ts';
import { loadSyntheticFaqs } from '../../lab/seed/load.ts';
import { syntheticFaq, syntheticQuery } from '../../lab/seed/texts.ts';
import { embed } from '../../lab/standin/embedding.ts';
import { itNative } from '../support/native.ts';
import { runCommand } from '../support/own-database.ts';

describe('the seed', () => {
  after(() => knex.raw('TRUNCATE assistants, assistant_versions'));

  it('adds accounts and published FAQs once, and leaves alone what is there', async () => {
    expect(await seed({ password: 'first password' })).to.deep.equal({
      accounts: ['admin@parley.local', 'agent@parley.local', 'demo@parley.local'],
      faqs: faqs.length,
      assistant: true,
    });
    await knex('faqs').where({ slug: 'reset-password' }).update({ answer: 'Edited.' });
    expect(await seed({ password: 'second password' })).to.deep.equal({
      accounts: [],
      faqs: 0,
      assistant: false,
    });

    const admin = await knex('users').where({ email: 'admin@parley.local' }).first();
    expect(admin).to.include({ role: 'admin', gdpr_consent: true, data_processing_consent: true });
    expect(await verify(admin.hashed_password, 'first password')).to.equal(true);
    const rows = await knex('faqs')
      .join('faq_categories', 'category_id', 'faq_categories.id')
      .select('faqs.*');
    expect(rows).to.have.length(faqs.length);
    expect(
      rows.every((row) => row.status === 'published' && row.published_at && row.keywords.length > 0),
    ).to.equal(true);
    expect(rows.find((row) => row.slug === 'reset-password')).to.include({ answer: 'Edited.' });
    // Each German one is beside its English one.
    expect(rows.every((row) => (row.language === 'de') === (row.translation_of !== null))).to.equal(true);
  });

  it('is a command, which says what it adds', async () => {
    await knex('users').where({ email: 'demo@parley.local' }).delete();
    const seeding = await runCommand(process.execPath, ['scripts/seed.ts'], { SEED_PASSWORD: 'a password' });
    expect(seeding).to.include({ code: 0, stderr: '' });
    expect(seeding.stdout).to.contain('seed: added 0 FAQs and 1 accounts');
  });

  it('brings back no FAQ that was deleted, unless there is none at all', async () => {
    const again = async () => (await seed({ password: 'a password' })).faqs;
    await again();
    await knex('faqs').whereNot({ slug: 'reset-password' }).delete();
    expect(await again()).to.equal(0);
    expect(await knex('faqs').pluck('slug')).to.deep.equal(['reset-password']);
    await knex('faqs').delete();
    expect(await again()).to.equal(faqs.length);
  });

  it('has each topic in both languages, with slugs of their own', () => {
    const count = (language: string) => faqs.filter((faq) => faq.language === language).length;
    expect(count('en')).to.equal(count('de')).and.be.at.least(15);
    expect(new Set(faqs.map((faq) => faq.slug)).size).to.equal(faqs.length);
    expect(faqs.map((faq) => faq.question)).to.include('How do I reset my password?');
  });
});

describe('the seed of a month', function () {
  this.timeout(60_000);
  after(() => knex.raw('TRUNCATE assistants, assistant_versions'));
  const QUIET_MS = env.RESOLVED_AFTER_H * 3_600_000;

  it('is the same month for the same time', () => {
    const now = Date.parse('2026-11-26T12:00:00Z');
    expect(makeMonth(now)).to.deep.equal(makeMonth(now));
    const { talks } = makeMonth(now);
    expect(talks.length).to.be.within(300, 600);
    const ends = talks.flatMap(({ turns, handoff }) => [
      ...turns.map(({ at, answerMs }) => at + answerMs),
      handoff?.resolvedAt ?? 0,
    ]);
    expect(Math.max(...ends)).to.be.below(now);
  });

  it('sends nothing to other systems: it is refused while an endpoint is enabled', async () => {
    await seed({ password: 'a password' });
    const { id } = await buildWebhook({ created_by: (await buildUser()).id });
    const refused = await seedDemo('m').catch((error: Error) => error.message);
    expect(refused).to.include('webhook');
    await knex('webhooks').where({ id }).delete();
    expect(await knex('conversations')).to.deep.equal([]);
  });

  it('is added once, keeps the rules of all rows, and owes nobody anything', async () => {
    const both = await Promise.all([seedDemo('m/demo'), seedDemo('m/demo')]);
    const [added] = both.filter((one) => one !== undefined);
    expect(both).to.include(undefined);
    expect(added?.conversations).to.be.within(300, 600);
    expect(await seedDemo('m/demo')).to.equal(undefined);

    const query = <Row>(sql: string) => rows<Row>(sql);
    expect(await miscounted(query)).to.deep.equal([]);
    expect(await owedRuns(query)).to.deep.equal({});
    expect((await runsAtRest(query)).flatMap(wrongsOfRun)).to.deep.equal([]);
    const open = await knex('conversations').whereNull('episode_id').whereNot({ status: 'resolved' });
    expect(open).to.deep.equal([]);
  });

  it('gives every page of the panel something to show', async () => {
    const by = await knex('conversations')
      .select('status')
      .count('* as n')
      .groupBy('status')
      .orderBy('status');
    const counts = Object.fromEntries(by.map(({ status, n }) => [status, Number(n)]));
    expect(counts).to.include({ waiting: 4, agent: 2 });
    expect(counts.resolved).to.be.above(10);
    expect((await knex('faq_gaps').where({ reason: 'no_passage' })).length).to.be.above(40);
    expect((await knex('conversation_notes')).length).to.be.above(3);
    expect((await knex('faqs').sum('helpful_count as n').first())?.n).to.be.above(10);

    const [experiment] = await listExperiments(null, 1, null);
    if (experiment === undefined) throw new Error('no experiment');
    const { arms } = await resultOf(experiment);
    for (const arm of arms) expect(arm.conversations).to.be.above(30);

    const api = await serveApi();
    const agent = await buildUser({ role: 'agent' });
    const inbox = await call(`${api.url}/api/v1/inbox?status=waiting`, 'GET', undefined, {
      token: agent.access,
    });
    expect((inbox.body.data as unknown[]).length).to.equal(4);
    await api.close();
  });

  it('has the figures of its rows, before and after they are counted', async () => {
    const to = new Date();
    const window = await windowOf(
      { from: new Date(to.getTime() - 35 * 86_400_000).toISOString(), to: to.toISOString() },
      'UTC',
    );
    const live = await dashboard(window);
    for (const part of ['moments', 'begun'] as const) while (await countNext(part, env.RESOLVED_AFTER_H));
    const { updated_at: _then, ...before } = live;
    const { updated_at: _now, ...counted } = await dashboard(window);
    expect(counted).to.deep.equal(before);

    const { facts, fates } = await pastOfRows(QUIET_MS);
    const of = (kind: string) => facts.filter((fact) => fact.kind === kind);
    const runs = of('run');
    expect(live.totals).to.deep.include({
      conversations: of('conversation').length,
      messages_in: of('message').length,
      answers: runs.length,
      handoffs: of('handoff').length,
    });
    expect(live.totals.tokens.total).to.equal(runs.reduce((sum, { tokens }) => sum + (tokens?.[2] ?? 0), 0));
    expect(live.quality).to.include({
      from_knowledge: runs.filter(({ status, cited }) => status === 'completed' && cited).length,
      rated_up: of('up').length,
      rated_down: of('down').length,
      involved: fates.filter(({ answered }) => answered).length,
    });
    expect(live.quality.csat.ratings).to.equal(fates.filter(({ score }) => score !== null).length);
    expect(live.top.faqs.length).to.be.above(5);
  });
});

describe('the seed of many FAQs', () => {
  const MODEL = 'made-up';
  const load = (count: number) => loadSyntheticFaqs(process.env.DATABASE_URL ?? '', count, MODEL, () => {});
  const nearest = (n: number) => {
    const vector = Array.from(embed(syntheticQuery(n)));
    const query = { text: '', language: null, limit: 3, similarity: 0.2, coverage: 1 };
    return searchFaqs({ ...query, vectors: [{ model: MODEL, vector }] });
  };

  it('adds the missing FAQs once, complete with vectors', async () => {
    const before = await faqSet();
    expect(await load(50)).to.deep.equal({ added: 50, indexes: [] });
    expect((await faqSet()).version).not.to.equal(before.version);
    expect(await load(50)).to.deep.equal({ added: 0, indexes: [] });
    expect(await load(250)).to.deep.equal({ added: 200, indexes: [] });
    expect(await embeddingDebts(true)).to.deep.equal({ faqs: 250, faqs_to_embed: 0 });
    const { slug, question, answer, keywords } = syntheticFaq(249);
    const row = await knex('faqs').where({ slug }).first();
    expect(row).to.deep.include({ question, answer, keywords, status: 'published', language: 'en' });
    expect((await nearest(249))[0]).to.include({ id: row.id });
  });

  it('counts as owed whatever is of another text, and all where the model is another', async () => {
    await knex('faqs').where({ slug: 'synthetic-1' }).update({ answer: 'Edited.' });
    await knex('faqs').where({ slug: 'synthetic-2' }).update({ question: 'Edited?', answer: 'Edited.' });
    expect(await embeddingDebts(true)).to.deep.equal({ faqs: 250, faqs_to_embed: 2 });
    expect(await embeddingDebts(false)).to.deep.equal({ faqs: 250, faqs_to_embed: 0 });
    const another = { name: 'another', provider: 'openai', model: 'another', dimensions: null };
    await wantSet({ ...another, queryPrefix: '', documentPrefix: '' });
    expect(await embeddingDebts(true)).to.deep.equal({ faqs: 250, faqs_to_embed: 250 });
    await knex('embedding_models').where({ key: 'another' }).delete();
  });

  itNative('builds the vector index that search needs above 300 FAQs, once', async () => {
    const names = async (count: number) => (await load(count)).indexes.map(({ name }) => name);
    expect(await names(300)).to.deep.equal([]);
    expect(await names(310)).to.deep.equal(['faq_vectors_hnsw_1536']);
    expect(await names(320)).to.deep.equal([]);
  });

  itNative('builds the vector index anew for thousands, and search finds by it', async () => {
    const { added, indexes } = await load(2_400);
    expect(added).to.equal(2_400 - 320);
    expect(indexes.map(({ name }) => name)).to.deep.equal(['faq_vectors_hnsw_1536']);
    for (const n of [0, 777, 2_399]) {
      const [found] = await nearest(n);
      expect(found?.question, syntheticQuery(n)).to.equal(syntheticFaq(n).question);
    }
  }).timeout(90_000);

  it('has no two equal FAQs', () => {
    const questions = Array.from({ length: 20_000 }, (_, n) => syntheticFaq(n).question);
    expect(new Set(questions).size).to.equal(questions.length);
  });
});
