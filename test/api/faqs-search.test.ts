import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import { env } from '../../shared/base/env.ts';
import { cacheKey, remember } from '../../shared/delivery/cache.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { findPassages } from '../../shared/prompt/retrieval.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { type Api, serveApi } from '../support/api.ts';
import { type Embeddings, serveEmbeddings } from '../support/embeddings.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { configureEmbedding } from '../support/models.ts';

type Found = { id: number; question: string; answer: string; language: string; similarity: number };

describe('searching the knowledge base', () => {
  let api: Api;
  let provider: Embeddings;
  let agent: BuiltUser;
  let user: BuiltUser;
  before(async () => {
    await untilReady(redis);
    [api, provider] = await Promise.all([serveApi(), serveEmbeddings()]);
    [agent, user] = [await buildUser({ role: 'agent' }), await buildUser()];
  });
  after(async () => {
    await configureEmbedding();
    await Promise.all([api.close(), provider.stop()]);
  });
  beforeEach(async () => {
    await knex.raw('TRUNCATE faqs, embedding_models CASCADE');
    provider.answer = undefined;
    provider.dimensions = 1_536;
    await configureEmbedding();
  });
  afterEach(() => {
    provider.requests.length = 0;
  });

  const call = (method: string, path: string, body?: unknown, as = user) =>
    api.call(method, path, body, { token: as.access });
  const add = async (question: string, answer: string, fields: object = {}): Promise<number> => {
    const faq = { question, answer, status: 'published', ...fields };
    const { status, body } = await call('POST', '/faqs', faq, agent);
    if (status !== 201) throw new Error(JSON.stringify(body));
    await embedFaqs([Number(body.id)]);
    return Number(body.id);
  };
  const search = async (q: string, more = '') => {
    const { status, body } = await call('GET', `/faqs/search?q=${encodeURIComponent(q)}${more}`);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as { data: Found[]; cached: boolean };
  };
  const ids = async (q: string, more = '') => (await search(q, more)).data.map(({ id }) => id);

  it('finds an FAQ in other words, with its similarity', async () => {
    const id = await add('How do I reset my password?', 'In the settings, under security.');
    await add('Which violin strings do you sell?', 'All of them.');
    const { data, cached } = await search('I forgot my password');
    expect(cached).to.equal(false);
    expect(data).to.have.length(1);
    const [found] = data;
    expect(Object.keys(found!).join(' ')).to.equal('id question answer language similarity');
    expect(found).to.include({ id, language: 'en', answer: 'In the settings, under security.' });
    expect(found?.similarity).to.be.within(env.PASSAGE_THRESHOLD ?? 0.35, 1);
    expect(await ids('under security settings')).to.deep.equal([id]);
    expect(await ids('recipe for pancakes')).to.deep.equal([]);
  });

  it('answers from the cache until an FAQ changes', async () => {
    const id = await add('Opening hours?', 'From nine to five.');
    await search('opening hours');
    expect((await search('opening hours')).cached).to.equal(true);
    expect((await search('opening hours', '&limit=3')).cached).to.equal(false);

    await call('PUT', `/faqs/${id}`, { answer: 'From ten to four.' }, agent);
    const edited = await search('opening hours');
    expect(edited).to.deep.include({ cached: false });
    expect(edited.data[0]?.answer).to.equal('From ten to four.');
    expect((await search('opening hours')).cached).to.equal(true);
    await embedFaqs([id]);
    expect((await search('opening hours')).cached).to.equal(false);

    await call('PUT', `/faqs/${id}`, { status: 'archived' }, agent);
    expect(await ids('opening hours')).to.deep.equal([]);
    await call('PUT', `/faqs/${id}`, { status: 'published' }, agent);
    expect(await ids('opening hours')).to.deep.equal([id]);
    await call('DELETE', `/faqs/${id}`, undefined, agent);
    expect(await ids('opening hours')).to.deep.equal([]);
    expect(provider.requests.filter(({ texts }) => texts.includes('opening hours'))).to.have.length(1);
  });

  it('keeps its cache on views and ratings', async () => {
    const id = await add('Opening hours?', 'From nine to five.');
    const before = await faqSet();
    await call('GET', `/faqs/${id}`);
    await call('POST', `/faqs/${id}/feedback`, { helpful: true });
    expect(await faqSet()).to.deep.equal(before);
  });

  it('never shows a draft', async () => {
    await add('Secret plans?', 'World domination.', { status: 'draft' });
    expect(await ids('secret plans')).to.deep.equal([]);
  });

  it('prefers the wanted language and falls back to others', async () => {
    const english = await add('Does Redis hold a backup?', 'Redis holds copies.');
    expect(await ids('Does Redis hold a backup?', '&language=de')).to.deep.equal([english]);
    const german = await add('Redis backup', 'Redis backup', { language: 'de', slug: 'de' });
    const again = await add('Redis backup', 'Redis backup', { language: 'en', slug: 'en' });
    expect((await ids('Redis backup', '&language=de'))[0]).to.equal(german);
    expect((await ids('Redis backup', '&language=de-AT'))[0]).to.equal(german);
    expect((await ids('Redis backup', '&language=en'))[0]).to.equal(again);
  });

  it('finds other word forms of a language', async () => {
    const id = await add('Häuser und Gärten', 'Wir vermieten Häuser.', { language: 'de' });
    provider.answer = async () => 500;
    expect(await ids('Haus mit Garten')).to.deep.equal([id]);
  });

  it('breaks ties by priority', async () => {
    const low = await add('Where is the office?', 'Here.', { priority: 1 });
    const high = await add('Where is the office?', 'Here.', { priority: 5 });
    expect(await ids('office location')).to.deep.equal([high, low]);
  });

  it('searches by words only while the provider is away, and does not cache that', async () => {
    const id = await add('How do I reset my password?', 'In the settings.');
    provider.answer = async () => 503;
    expect(await search('reset password')).to.deep.include({ cached: false });
    expect(await ids('reset password')).to.deep.equal([id]);
    provider.answer = undefined;
    expect(await search('reset password')).to.deep.include({ cached: false });
    expect(await search('reset password')).to.deep.include({ cached: true });
  });

  it('compares a question with the vectors that serve, whatever is filled beside them', async () => {
    const found = [await add('First parcel?', 'One.'), await add('Second parcel?', 'Two.')];
    await configureEmbedding({ EMBEDDING_MODEL: 'newer', EMBEDDING_QUERY_PREFIX: 'query: ' });
    provider.dimensions = 8;
    await embedFaqs(found.slice(1));
    provider.dimensions = 1_536;
    provider.requests.length = 0;
    expect(await ids('which parcel?')).to.have.members(found);
    expect(provider.requests).to.deep.equal([{ model: 'text-embedding-3-small', texts: ['which parcel?'] }]);
  });

  it('puts EMBEDDING_QUERY_PREFIX before a question', async () => {
    await configureEmbedding({ EMBEDDING_MODEL: 'prefixed', EMBEDDING_QUERY_PREFIX: 'query: ' });
    const id = await add('First parcel?', 'One.');
    provider.requests.length = 0;
    expect(await ids('which parcel?')).to.deep.equal([id]);
    expect(provider.requests).to.deep.equal([{ model: 'prefixed', texts: ['query: which parcel?'] }]);
  });

  it('embeds no question where nothing is published', async () => {
    await add('Secret plans?', 'World domination.', { status: 'draft' });
    provider.requests.length = 0;
    expect((await search('anything')).data).to.deep.equal([]);
    expect(provider.requests).to.deep.equal([]);
  });

  it('searches by words alone with EMBEDDING_MODEL=off, asks nobody and remembers it', async () => {
    const id = await add('How do I reset my password?', 'In the settings.');
    await configureEmbedding({ EMBEDDING_MODEL: 'off' });
    provider.requests.length = 0;
    expect(await ids('reset password please')).to.deep.equal([id]);
    expect(await search('reset password please')).to.deep.include({ cached: true });
    expect(provider.requests).to.deep.equal([]);
  });

  it('does not wait for a slow model, and uses its vector once it has come', async () => {
    const id = await add('How do I reset my password?', 'In the settings.');
    let answerNow: () => void = () => {};
    const slow = new Promise<undefined>((resolve) => {
      answerNow = () => resolve(undefined);
    });
    provider.answer = () => slow;
    const began = performance.now();
    expect(await ids('reset password slowly')).to.deep.equal([id]);
    expect(performance.now() - began).to.be.within(2_400, 8_000);
    answerNow();
    provider.answer = async () => 503;
    while (!(await search('reset password slowly')).cached);
    expect(provider.requests.filter(({ texts }) => texts.includes('reset password slowly'))).to.have.length(
      1,
    );
  }).timeout(20_000);

  it('leaves a model alone after three failures in a row', async () => {
    await configureEmbedding({ EMBEDDING_MODEL: 'failing' });
    const id = await add('How do I reset my password?', 'In the settings.');
    provider.requests.length = 0;
    provider.answer = async () => 500;
    for (let i = 0; i < 10; i++) expect(await ids(`reset password ${i}`)).to.deep.equal([id]);
    expect(provider.requests).to.have.length(3);
  });

  it('searches by words where the vectors have another dimension than before, and embeds all FAQs anew', async () => {
    await configureEmbedding({ EMBEDDING_MODEL: 'replaced' });
    const id = await add('How do I reset my password?', 'In the settings.');
    await knex('embedding_models').update({ wanted_at: '2000-01-01' });
    provider.dimensions = 24;
    expect(await ids('reset password')).to.deep.equal([id]);
    while ((await knex('embedding_models').where({ dimensions: 24 })).length === 0);
    await reconcile(0);
    await embedFaqs([id]);
    await reconcile(0);
    expect(await ids('reset password')).to.deep.equal([id]);
    expect((await faqSet()).vectors).to.include({ model: 'replaced', dimensions: 24 });
  });

  it("does not reveal another user's searches, neither by `cached` nor by a saved call", async () => {
    await add('Opening hours?', 'From nine to five.');
    const [asker, prober] = [await buildUser(), await buildUser()];
    const asks = async (as: BuiltUser) =>
      (await call('GET', '/faqs/search?q=my%20secret%20illness', undefined, as)).body.cached;
    provider.requests.length = 0;
    expect(await asks(asker)).to.equal(false);
    expect(await asks(asker)).to.equal(true);
    expect(provider.requests).to.have.length(1);
    expect(await asks(prober)).to.equal(false);
    expect(provider.requests).to.have.length(2);
    const ask = ({ id }: BuiltUser) =>
      findPassages({ user_id: id, question: 'another illness', language: 'en' });
    expect((await ask(prober)).passages).to.deep.equal([]);
    await ask(asker);
    expect(provider.requests).to.have.length(4);
  });

  it('keeps no more than its slots in Redis', async () => {
    await redis.flushdb();
    const texts = Array.from({ length: 6_000 }, (_, i) => `text ${i}`);
    for (const text of texts)
      await remember(cacheKey('search', { user_id: user.id }, text), 60, async () => text);
    const kept = await redis.keys('cache:*');
    expect(kept.length).to.be.within(900, 1_024);
    const [newest] = [texts.at(-1)!];
    const key = cacheKey('search', { user_id: user.id }, newest);
    expect(await remember(key, 60, async () => 'other')).to.deep.equal({ value: newest, cached: true });
    expect(
      await remember(cacheKey('verdict', { user_id: 1 }, 'x'), 60, async () => 'x'.repeat(2_000)),
    ).to.deep.equal({
      value: 'x'.repeat(2_000),
      cached: false,
    });
    expect(await redis.keys('cache:verdict:*')).to.deep.equal([]);
  });

  it('asks the provider once for equal concurrent questions', async () => {
    await add('Opening hours?', 'From nine to five.');
    provider.requests.length = 0;
    await Promise.all(Array.from({ length: 8 }, () => search('when are you open?')));
    expect(provider.requests).to.have.length(1);
  });

  it('works without Redis', async () => {
    const id = await add('Opening hours?', 'From nine to five.');
    redis.disconnect();
    expect(await search('opening hours today')).to.deep.include({ cached: false });
    expect(await ids('opening hours today')).to.deep.equal([id]);
    await redis.connect();
  });

  it('accepts any characters and refuses an invalid query', async () => {
    const id = await add('What is "a & b"?', "It's a | b");
    const hostile = [
      "' OR 1=1 --",
      '!',
      '& | ! ( ) :* <->',
      "a:* & 'b",
      '\\',
      '%_',
      '<script>',
      'a\tb\nc',
      '🙂',
      '"',
    ];
    for (const q of hostile) await search(q);
    expect(await ids('"a & b"? it\'s \\ a:b')).to.deep.equal([id]);
    await search('x'.repeat(1_000));
    for (const q of ['', '%20', 'x'.repeat(1_001), 'x'.repeat(10_000), 'a%00b']) {
      const { status, body } = await call('GET', `/faqs/search?q=${q}`);
      expect([status, body.code], q.slice(0, 5)).to.deep.equal([400, 'validation_failed']);
    }
    expect((await call('GET', '/faqs/search')).status).to.equal(400);
    expect((await call('GET', '/faqs/search?q=a&limit=101')).status).to.equal(400);
  });
});
