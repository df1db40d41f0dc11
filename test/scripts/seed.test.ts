import { verify } from '@node-rs/argon2';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqs } from '../../db/seeds/faqs.ts';
import { seed } from '../../db/seeds/index.ts';
import { faqSet, searchFaqs } from '../../db/models/faqSearch.ts';
import { wantSet } from '../../db/models/embeddingSet.ts';
import { embeddingDebts } from '../../db/models/owed.ts';
import { loadSyntheticFaqs } from '../../lab/seed/load.ts';
import { syntheticFaq, syntheticQuery } from '../../lab/seed/texts.ts';
import { embed } from '../../lab/standin/embedding.ts';
import { itNative } from '../support/native.ts';

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
  });

  it('has each topic in both languages, with slugs of their own', () => {
    const count = (language: string) => faqs.filter((faq) => faq.language === language).length;
    expect(count('en')).to.equal(count('de')).and.be.at.least(15);
    expect(new Set(faqs.map((faq) => faq.slug)).size).to.equal(faqs.length);
    expect(faqs.map((faq) => faq.question)).to.include('How do I reset my password?');
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

  itNative('builds the vector index anew for thousands, and search finds by it', async () => {
    const { added, indexes } = await load(2_300);
    expect(added).to.equal(2_050);
    expect(indexes.map(({ name }) => name)).to.deep.equal(['faq_vectors_hnsw_1536']);
    for (const n of [0, 777, 2_299]) {
      const [found] = await nearest(n);
      expect(found?.question, syntheticQuery(n)).to.equal(syntheticFaq(n).question);
    }
  }).timeout(90_000);

  it('has no two equal FAQs', () => {
    const questions = Array.from({ length: 20_000 }, (_, n) => syntheticFaq(n).question);
    expect(new Set(questions).size).to.equal(questions.length);
  });
});
