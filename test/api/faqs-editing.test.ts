import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { servedApi } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { tell } from '../support/histories.ts';

type Faq = { id: number; question: string; translation_of: number | null };

describe('what editors of FAQs see', () => {
  const api = servedApi();
  let agent: BuiltUser;
  before(async () => {
    agent = await buildUser({ role: 'agent' });
  });
  const call = (method: string, path: string, body?: unknown) =>
    api.call(method, path, body, { token: agent.access });
  const add = async (fields: object) => {
    const added = await call('POST', '/faqs', { answer: 'A.', status: 'published', ...fields });
    expect(added.status, JSON.stringify(added.body)).to.equal(201);
    return added.body as unknown as Faq;
  };
  const listed = async (query: string) =>
    ((await call('GET', `/faqs?${query}`)).body.data as Faq[]).map(({ question }) => question);

  it('finds FAQs by a part of the question or of a keyword, in any case', async () => {
    await add({ question: 'Where is my Parcel?', keywords: ['shipping'] });
    await add({ question: 'What is 100 % sure?', status: 'draft' });
    expect(await listed('q=parc')).to.deep.equal(['Where is my Parcel?']);
    expect(await listed('q=SHIPP')).to.deep.equal(['Where is my Parcel?']);
    expect(await listed('q=100%20%25')).to.deep.equal(['What is 100 % sure?']);
    expect(await listed('q=a_c')).to.deep.equal([]);
    expect(await listed('q=sure&status=published')).to.deep.equal([]);
    const user = await buildUser();
    const seen = await api.call('GET', '/faqs?q=sure', undefined, { token: user.access });
    expect(seen.body.data).to.deep.equal([]);
  });

  it('finds FAQs that hold all words of a search, in any order, without accents, wherever in the list they stand', async () => {
    const old = await add({ question: 'Wann öffnet das Café am Sonntag?', keywords: ['Öffnungszeiten'] });
    await knex.raw(
      `INSERT INTO faqs (question, answer, slug, status, published_at, keywords)
       SELECT 'Filler ' || n, 'A.', 'filler-' || n, 'published', now(), '{padding}' FROM generate_series(1, 1100) AS n`,
    );
    for (const q of ['cafe', 'sonn caf', 'OFFNUNGSZ', 'ca', 'sonntag?'])
      expect(await listed(`q=${encodeURIComponent(q)}`), q).to.deep.equal([old.question]);
    expect(await listed('q=cafe%20montag')).to.deep.equal([]);
    expect(await listed('q=cafe&language=de')).to.deep.equal([]);
    expect(await listed('q=fill%20pad&limit=2')).to.deep.equal(['Filler 1100', 'Filler 1099']);
    expect(await listed(`q=fill&limit=100`)).to.have.length(100);
    await knex('faqs').whereLike('slug', 'filler-%').delete();
  });

  it('keeps translations together, and lets them go with the original', async () => {
    const { id } = await add({ question: 'Opening hours?' });
    const german = await add({ question: 'Öffnungszeiten?', language: 'de', translation_of: id });
    expect(german.translation_of).to.equal(id);
    expect(await listed(`of=${id}`)).to.deep.equal(['Öffnungszeiten?', 'Opening hours?']);
    for (const translation_of of [german.id, 999_999_999]) {
      const refused = await call('PUT', `/faqs/${german.id}`, { translation_of });
      expect(refused.status).to.equal(400);
      expect((refused.body.errors as { path: string }[])[0]?.path).to.equal('/translation_of');
    }
    await call('DELETE', `/faqs/${id}`);
    expect((await call('GET', `/faqs/${german.id}`)).body.translation_of).to.equal(null);
  });

  it('says to editors, and to nobody else, whether each FAQ of a list has its vectors', async () => {
    const { id } = await add({ question: 'Which vector?' });
    const { body } = await call('GET', '/faqs?q=vector');
    const { embedding } = (await call('GET', `/faqs/${id}/state`)).body;
    expect(body.states).to.deep.equal([{ id, embedding }]);
    const user = await buildUser();
    const seen = await api.call('GET', '/faqs?q=vector', undefined, { token: user.access });
    expect(seen.body).to.have.all.keys('data', 'next_cursor');
  });

  it('says what a search finds and why', async () => {
    const { id } = await add({ question: 'How do I return a broken teapot?', keywords: ['teapot'] });
    const { body } = await call('GET', '/faqs/ask?q=return%20broken%20teapot');
    expect(body).to.include.keys('threshold', 'coverage', 'by_words_only');
    const near = (body.data as { id: number; coverage: number; found: boolean }[]).find(
      (one) => one.id === id,
    );
    expect(near?.found).to.equal(true);
    expect(near?.coverage).to.be.above(0.9);
    const search = await call('GET', '/faqs/search?q=return%20broken%20teapot');
    const found = (body.data as { id: number; found: boolean }[])
      .filter((one) => one.found)
      .map((one) => one.id);
    expect((search.body.data as { id: number }[]).map((one) => one.id)).to.deep.equal(found);
  });

  it('counts the answers of thirty days that cite an FAQ', async () => {
    const { id } = await add({ question: 'How often?' });
    const { body } = await call('GET', `/faqs/${id}/state`);
    expect(body.uses).to.equal(0);
    expect(body.embedding).to.be.oneOf(['off', 'waiting']);
    for (const days of [1, 5, 40])
      await tell({
        user: agent.id,
        at: Date.now() - days * 86_400_000,
        status: 'completed',
        language: 'en',
        model: 'm',
        tokens: [1, 1],
        waitedMs: 1,
        firstMs: 1,
        answerMs: 2,
        faq: id,
      });
    expect((await call('GET', `/faqs/${id}/state`)).body.uses).to.equal(2);
    await knex('faq_vectors_owed').where({ faq_id: id }).delete();
    expect((await call('GET', '/faqs/999999999/state')).status).to.equal(404);
  });
});
