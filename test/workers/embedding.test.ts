import type { Job } from 'bullmq';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqsToEmbed } from '../../db/models/faqEmbedding.ts';
import { env } from '../../shared/base/env.ts';
import { embedding } from '../../workers/embedding.ts';
import { type Embeddings, serveEmbeddings } from '../support/embeddings.ts';
import { itNative } from '../support/native.ts';

describe('embedding FAQs', () => {
  let provider: Embeddings;
  before(async () => {
    provider = await serveEmbeddings();
  });
  after(() => provider.stop());
  beforeEach(async () => {
    await knex.raw('TRUNCATE faqs CASCADE');
    provider.answer = undefined;
    provider.requests.length = 0;
  });

  const work = (...faq_ids: number[]) =>
    embedding({ data: { faq_ids } } as unknown as Job<{ faq_ids: number[] }>);
  const add = async (question: string, answer = `Answer to ${question}`): Promise<number> =>
    (await knex('faqs').insert({ question, answer, slug: question }).returning('id'))[0].id;
  const stored = async (id: number) =>
    (await knex('faqs')
      .where({ id })
      .first(
        'question_embedding',
        'answer_embedding',
        'question_text_hash',
        'question_embedding_model',
        'answer_embedding_model',
      )) as Record<string, string | null>;
  const owed = async () => (await faqsToEmbed(env.EMBEDDING_MODEL, 1_000)).map(({ id }) => id);
  const texts = () => provider.requests.flatMap((request) => request.texts);

  it('gives both texts a vector, once', async () => {
    const id = await add('one');
    expect(await owed()).to.deep.equal([id]);
    await work(id);
    expect(texts()).to.deep.equal(['one', 'Answer to one']);
    expect(await stored(id)).to.include({ question_embedding_model: env.EMBEDDING_MODEL });
    await work(id);
    expect(texts()).to.have.length(2);
    expect(await owed()).to.deep.equal([]);
  });

  it('pays only for the changed text', async () => {
    const id = await add('one');
    await work(id);
    await knex('faqs').where({ id }).update({ answer: 'Another' });
    expect(await owed()).to.deep.equal([id]);
    await work(id);
    expect(texts().slice(2)).to.deep.equal(['Another']);
  });

  it('keeps the old vector until the new one arrives, and embeds texts edited meanwhile', async () => {
    const id = await add('one');
    await work(id);
    const { question_embedding } = await stored(id);
    await knex('faqs').where({ id }).update({ question: 'two' });
    provider.answer = async ([text]) => {
      expect((await stored(id)).question_embedding).to.equal(question_embedding);
      if (text === 'two') await knex('faqs').where({ id }).update({ question: 'three' });
      return undefined;
    };
    await work(id);
    expect(texts().slice(2)).to.deep.equal(['two', 'three']);
    expect(await owed()).to.deep.equal([]);
    expect((await stored(id)).question_embedding).not.to.equal(question_embedding);
  });

  it('sends up to 256 texts in a request', async () => {
    const ids: number[] = [];
    for (let i = 0; i < 150; i++) ids.push(await add(`q${i}`));
    await work(...ids);
    expect(provider.requests.map((request) => request.texts.length)).to.deep.equal([256, 44]);
  });

  itNative('embeds nothing twice when several workers run at once', async () => {
    const ids: number[] = [];
    for (let i = 0; i < 200; i++) ids.push(await add(`q${i}`));
    await Promise.all([work(...ids), work(...ids.toReversed()), work(...ids)]);
    expect(texts()).to.have.length(400);
    expect(new Set(texts()).size).to.equal(400);
    expect(await owed()).to.deep.equal([]);
  });

  it('embeds everything again when the model changes, and uses old vectors meanwhile', async () => {
    const id = await add('one');
    await work(id);
    await knex('faqs').update({ question_embedding_model: 'older', answer_embedding_model: 'older' });
    expect(await owed()).to.deep.equal([id]);
    await work(id);
    expect(provider.requests.map(({ model }) => model)).to.deep.equal(Array(2).fill(env.EMBEDDING_MODEL));
    expect(await stored(id)).to.include({ answer_embedding_model: env.EMBEDDING_MODEL });
  });

  it('refuses malformed vectors, and postpones only their text', async () => {
    const [good, bad] = [await add('good'), await add('bad')];
    for (const wrong of [
      [1, 2, 3],
      Array(1536).fill(null),
      Array(1536).fill('NaN'),
      Array(1536).fill(70_000),
      'text',
    ]) {
      provider.answer = async (asked) => (asked.includes('bad') ? asked.map(() => wrong) : undefined);
      await knex('faq_embedding_claims').delete();
      await work(good, bad);
      expect((await stored(good)).question_embedding).to.be.a('string');
      expect((await stored(bad)).question_embedding).to.equal(null);
      expect(await owed()).to.deep.equal([]);
      await knex('faqs').where({ id: bad }).update({ question_embedding: null });
    }
    provider.answer = undefined;
    await knex('faqs').where({ id: bad }).update({ question: 'better' });
    expect(await owed()).to.deep.equal([bad]);
    await work(bad);
    expect((await stored(bad)).question_embedding).to.be.a('string');
  });

  it('leaves the work to the next attempt when the provider is away', async () => {
    const id = await add('one');
    provider.answer = async () => 503;
    const failed = await work(id).then(
      () => undefined,
      (err: unknown) => err,
    );
    expect(failed).to.include({ code: 'provider_unavailable' });
    expect(await owed()).to.deep.equal([id]);
  });
});
