import type { Job } from 'bullmq';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqsToEmbed } from '../../db/models/faqEmbedding.ts';
import { embedding } from '../../workers/embedding.ts';
import { type Embeddings, serveEmbeddings } from '../support/embeddings.ts';
import { configureEmbedding } from '../support/models.ts';
import { itNative } from '../support/native.ts';

const MODEL = 'text-embedding-3-small';

describe('embedding FAQs', () => {
  let provider: Embeddings;
  before(async () => {
    provider = await serveEmbeddings();
  });
  after(async () => {
    await configureEmbedding();
    await provider.stop();
  });
  beforeEach(async () => {
    await knex.raw('TRUNCATE faqs, embedding_models CASCADE');
    await configureEmbedding();
    provider.answer = undefined;
    provider.dimensions = 1_536;
    provider.requests.length = 0;
  });

  const work = (...faq_ids: number[]) =>
    embedding({ data: { faq_ids } } as unknown as Job<{ faq_ids: number[] }>);
  const add = async (question: string, answer = `Answer to ${question}`): Promise<number> =>
    (await knex('faqs').insert({ question, answer, slug: question }).returning('id'))[0].id;
  const addMany = async (count: number): Promise<number[]> => {
    const ids: number[] = [];
    for (let i = 0; i < count; i++) ids.push(await add(`q${i}`));
    return ids;
  };
  const vectors = async (faq_id: number) => {
    const found: { part: string; model: string; vector: string; dimensions: number }[] = await knex(
      'faq_vectors',
    )
      .where({ faq_id })
      .orderBy('part', 'desc');
    return new Map(found.map((one) => [one.part, one]));
  };
  const owed = async () => (await faqsToEmbed(1_000)).map(({ id }) => id);
  const texts = () => provider.requests.flatMap((request) => request.texts);
  const sizes = () => provider.requests.map((request) => request.texts.length);
  /** As if the time had come. */
  const due = () =>
    Promise.all([
      knex('faq_vectors_owed').update({ due_at: '-infinity' }),
      knex('embedding_models').update({ due_at: '-infinity' }),
    ]);

  it('gives each part a vector, and asks once for an equal text', async () => {
    const id = await add('one');
    await work(id);
    expect(texts()).to.deep.equal(['one\nAnswer to one', 'one', 'Answer to one']);
    expect([...(await vectors(id)).keys()]).to.deep.equal(['together', 'question', 'keywords', 'answer']);
    expect((await vectors(id)).get('answer')).to.include({ model: MODEL, dimensions: 1_536 });
    await work(id);
    expect(texts()).to.have.length(3);
    expect(await owed()).to.deep.equal([]);
  });

  it('pays only for the changed text', async () => {
    const id = await add('one');
    await work(id);
    await knex('faqs').where({ id }).update({ answer: 'Another' });
    expect(await owed()).to.deep.equal([id]);
    await work(id);
    expect(texts().slice(3)).to.deep.equal(['one\nAnother', 'Another']);
  });

  it('embeds the question with its keywords', async () => {
    const id = await add('one');
    await work(id);
    await knex('faqs')
      .where({ id })
      .update({ keywords: ['uno', 'eins'] });
    await work(id);
    expect(texts().slice(3)).to.deep.equal(['one uno, eins']);
  });

  it('owes nothing for an edit that was taken back', async () => {
    const id = await add('one');
    await work(id);
    await knex('faqs').where({ id }).update({ answer: 'Another' });
    await knex('faqs').where({ id }).update({ answer: 'Answer to one' });
    expect(await owed()).to.deep.equal([]);
  });

  it('keeps the old vector until the new one is there, and embeds what was edited meanwhile', async () => {
    const id = await add('one');
    await work(id);
    const old = (await vectors(id)).get('question')?.vector;
    await knex('faqs').where({ id }).update({ question: 'two' });
    provider.answer = async ([text]) => {
      expect((await vectors(id)).get('question')?.vector).to.equal(old);
      if (text === 'two\nAnswer to one') await knex('faqs').where({ id }).update({ question: 'three' });
      return undefined;
    };
    await work(id);
    expect(texts().slice(3)).to.deep.equal(['two\nAnswer to one', 'two', 'three\nAnswer to one', 'three']);
    expect(await owed()).to.deep.equal([]);
    expect((await vectors(id)).get('question')?.vector).not.to.equal(old);
  });

  it('asks for EMBEDDING_BATCH texts at once, 256 where it is not set', async () => {
    const ids = await addMany(150);
    await work(...ids);
    // Of four texts of an FAQ without keywords, two are equal.
    expect(sizes()).to.deep.equal([192, 192, 66]);
    await knex.raw('TRUNCATE faqs CASCADE');
    await configureEmbedding({ EMBEDDING_BATCH: '4' });
    provider.requests.length = 0;
    await work(...(await addMany(3)));
    expect(sizes()).to.deep.equal([3, 3, 3]);
  });

  itNative('does nothing twice where several workers are asked at once', async () => {
    await work(await add('first'));
    provider.requests.length = 0;
    const ids = await addMany(200);
    await Promise.all([work(...ids), work(...ids.toReversed()), work(...ids)]);
    expect(await knex('faq_vectors').count().first()).to.deep.equal({ count: 804 });
    expect(new Set(texts()).size).to.equal(600);
    // Two workers may each claim one of two equal texts.
    expect(texts().length).to.be.within(600, 800);
    expect(await owed()).to.deep.equal([]);
  });

  it('takes vectors of any dimension, and asks for one only where it is set', async () => {
    for (const dimensions of [3, 768, 3_072, 4_096]) {
      await knex.raw('TRUNCATE faqs, embedding_models CASCADE');
      await configureEmbedding({ EMBEDDING_MODEL: `of-${dimensions}` });
      provider.dimensions = dimensions;
      provider.requests.length = 0;
      const id = await add('one');
      await work(id);
      expect((await vectors(id)).get('question')).to.include({ model: `of-${dimensions}`, dimensions });
      expect(provider.requests[0]).not.to.have.property('dimensions');
    }
    await configureEmbedding({ EMBEDDING_MODEL: 'matryoshka', EMBEDDING_DIMENSIONS: '512' });
    await knex.raw('TRUNCATE faqs, embedding_models CASCADE');
    const id = await add('two');
    await work(id);
    expect((await vectors(id)).get('question')).to.include({ model: 'matryoshka', dimensions: 512 });
    expect(provider.requests.at(-1)).to.include({ dimensions: 512 });
  });

  it('puts EMBEDDING_DOCUMENT_PREFIX before a text, and cuts it to EMBEDDING_TEXT_TOKENS', async () => {
    await configureEmbedding({
      EMBEDDING_MODEL: 'nomic',
      EMBEDDING_DOCUMENT_PREFIX: 'search_document: ',
      EMBEDDING_TEXT_TOKENS: '6',
    });
    await work(await add('one', 'word '.repeat(50)));
    expect(texts()).to.deep.equal([
      'search_document: one\nword',
      'search_document: one',
      'search_document: word word word',
    ]);
  });

  it('embeds nothing with EMBEDDING_MODEL=off, and claims nothing', async () => {
    await configureEmbedding({ EMBEDDING_MODEL: 'off' });
    await work(await add('one'));
    expect(provider.requests).to.deep.equal([]);
    expect(await owed()).to.deep.equal([]);
    expect(await knex('faq_vectors_owed').count().first()).to.deep.equal({ count: 0 });
  });

  describe('that the provider refuses', () => {
    for (const status of [400, 413, 422, 500, 501, 503]) {
      it(`${status} to one long text: all others get their vectors, and that one waits`, async () => {
        const ids = await addMany(20);
        const [, bad = 0] = ids;
        await knex('faqs').where({ id: bad }).update({ answer: 'too long' });
        provider.answer = async (asked) =>
          asked.some((text) => text.includes('too long')) ? status : undefined;
        await work(...ids);
        expect(await knex('faq_vectors').count().first()).to.deep.equal({ count: 78 });
        expect([...(await vectors(bad)).keys()]).to.deep.equal(['question', 'keywords']);
        // 80 → 40 → 20 → 10 → 5 → 3 → 2 → 1, and the halves beside them.
        expect(provider.requests.length).to.be.within(8, 18);
        expect(await owed()).to.deep.equal([]);
        provider.requests.length = 0;
        await work(...ids);
        expect(provider.requests).to.deep.equal([]);
        await knex('faqs').where({ id: bad }).update({ answer: 'short' });
        expect(await owed()).to.deep.equal([bad]);
        await work(bad);
        expect(texts()).to.deep.equal(['q1\nshort', 'short']);
      });
    }

    it('malformed vectors, for that text alone and for a while', async () => {
      const good = await add('good');
      await work(good);
      const bad = await add('bad', 'bad');
      for (const wrong of [
        [1, 2, 3],
        Array(1536).fill(null),
        Array(1536).fill('NaN'),
        Array(1536).fill(70_000),
        'text',
        [],
      ]) {
        provider.answer = async (asked) =>
          asked.some((text) => text.includes('bad')) ? asked.map(() => wrong) : undefined;
        await work(good, bad);
        expect((await vectors(good)).size).to.equal(4);
        expect((await vectors(bad)).size, JSON.stringify(wrong).slice(0, 20)).to.equal(0);
        expect(await owed()).to.deep.equal([]);
        await due();
      }
      provider.answer = undefined;
      await work(bad);
      expect((await vectors(bad)).size).to.equal(4);
    });

    it('everything: few calls, and then none until the model was left alone for a while', async () => {
      const ids = await addMany(300);
      provider.answer = async () => 503;
      await work(...ids);
      expect(provider.requests.length).to.be.at.most(16);
      provider.requests.length = 0;
      for (let i = 0; i < 5; i++) await work(...ids);
      expect(provider.requests).to.deep.equal([]);
      expect(await owed()).to.deep.equal([]);
      provider.answer = undefined;
      await due();
      await work(...ids);
      expect(await knex('faq_vectors').count().first()).to.deep.equal({ count: 1_200 });
      expect(await knex('embedding_models').first()).to.include({ failures: 0 });
    });

    for (const status of [401, 429]) {
      it(`${status}: asked once, all waits`, async () => {
        provider.answer = async () => status;
        await work(...(await addMany(20)));
        expect(sizes()).to.deep.equal([60]);
        expect(await owed()).to.deep.equal([]);
        expect(await knex('faq_vectors_owed').max('failures').first()).to.deep.equal({ max: 0 });
      });
    }

    it('leaves the work owed where nobody answers', async () => {
      const id = await add('one');
      await provider.stop();
      await work(id);
      provider = await serveEmbeddings();
      await due();
      expect(await owed()).to.deep.equal([id]);
      await work(id);
      expect((await vectors(id)).size).to.equal(4);
    });
  });
});
