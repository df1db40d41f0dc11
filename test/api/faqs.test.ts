import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { type Answer, expectProblem, servedApi } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

const FIELDS =
  'id category_id question answer keywords language status priority slug view_count helpful_count not_helpful_count meta_title meta_description created_at updated_at published_at translation_of';

describe('the knowledge base', () => {
  const api = servedApi();
  let agent: BuiltUser;
  let user: BuiltUser;
  before(async () => {
    [agent, user] = [await buildUser({ role: 'agent' }), await buildUser()];
  });
  beforeEach(() => knex.raw('TRUNCATE faqs, faq_categories CASCADE'));

  const call = (method: string, path: string, body?: unknown, as = agent) =>
    api.call(method, path, body, { token: as.access });
  const add = async (fields: object = {}) => {
    const made = await call('POST', '/faqs', { question: 'How?', answer: 'So.', ...fields });
    expect(made.status, JSON.stringify(made.body)).to.equal(201);
    return made.body as Record<string, number>;
  };
  const publish = (fields: object = {}) => add({ status: 'published', ...fields });
  const ids = ({ body }: Answer) => (body.data as { id: number }[]).map(({ id }) => id);

  it("stores an editor's fields and fills in the rest", async () => {
    const category = await call('POST', '/faq-categories', { name: 'Account' });
    const fields = {
      question: 'Wie ändere ich mein Passwort?',
      answer: 'In den Einstellungen.',
      category_id: category.body.id,
      keywords: ['Passwort', "Kenn'wort"],
      language: 'de',
      status: 'published',
      priority: 7,
      meta_title: 'Passwort',
      meta_description: null,
    };
    const made = await call('POST', '/faqs', fields);
    expect(made.status).to.equal(201);
    expect(made.headers.get('location')).to.equal(`/api/v1/faqs/${made.body.id}`);
    expect(Object.keys(made.body).join(' ')).to.equal(FIELDS);
    expect(made.body).to.deep.include({ ...fields, slug: 'wie-aendere-ich-mein-passwort', view_count: 0 });
    expect(made.body.published_at).to.be.a('string');

    const bare = await add();
    expect(bare).to.deep.include({
      status: 'draft',
      language: 'en',
      priority: 0,
      category_id: null,
      keywords: [],
      slug: 'how',
      published_at: null,
    });
    expect((await call('GET', `/faqs/${bare.id}`)).body).to.deep.equal(bare);
  });

  it('changes the given fields, and keeps the time of the first publication', async () => {
    const { id } = await add();
    const published = await call('PUT', `/faqs/${id}`, { status: 'published' });
    expect(published.body).to.deep.include({ status: 'published', question: 'How?' });
    await call('PUT', `/faqs/${id}`, { status: 'archived', answer: 'Thus.' });
    const again = await call('PUT', `/faqs/${id}`, { status: 'published' });
    expect(again.body).to.deep.include({ answer: 'Thus.', published_at: published.body.published_at });
    expectProblem(await call('PUT', '/faqs/999999', { answer: 'x' }), 404, 'not_found');
  });

  it('deletes an FAQ', async () => {
    const { id } = await add();
    expect((await call('DELETE', `/faqs/${id}`)).status).to.equal(204);
    expectProblem(await call('GET', `/faqs/${id}`), 404, 'not_found');
    expectProblem(await call('DELETE', `/faqs/${id}`), 404, 'not_found');
  });

  it('refuses a taken slug, and makes a free one where none was given', async () => {
    await add({ slug: 'how' });
    expectProblem(
      await call('POST', '/faqs', { question: 'x', answer: 'y', slug: 'how' }),
      409,
      'already_exists',
      '/slug',
    );
    const slugs = [await add(), await add(), await add()].map(({ slug }) => slug);
    expect(slugs.slice(0, 2)).to.deep.equal(['how-2', 'how-3']);
    expect(slugs[2]).to.match(/^how-[0-9a-f]{8}$/);
    const { id } = await add({ question: '¿…?' });
    expectProblem(await call('PUT', `/faqs/${id}`, { slug: 'how' }), 409, 'already_exists', '/slug');
  });

  it('refuses an invalid FAQ, field by field', async () => {
    const wrong: [object, string][] = [
      [{ question: '' }, '/question'],
      [{ question: ' \n' }, '/question'],
      [{ question: 'x'.repeat(1001) }, '/question'],
      [{ answer: 'x'.repeat(20_001) }, '/answer'],
      [{ answer: 3 }, '/answer'],
      [{ answer: 'a\0b' }, '/answer'],
      [{ keywords: 'one' }, '/keywords'],
      [{ language: 'english language' }, '/language'],
      [{ status: 'deleted' }, '/status'],
      [{ priority: 1.5 }, '/priority'],
      [{ slug: 'Not A Slug' }, '/slug'],
      [{ category_id: 999_999 }, '/category_id'],
      [{ view_count: 5 }, '/view_count'],
    ];
    for (const [fields, path] of wrong) {
      const answer = await call('POST', '/faqs', { question: 'How?', answer: 'So.', ...fields });
      expectProblem(answer, 400, 'validation_failed', path);
    }
    expectProblem(await call('POST', '/faqs', { question: 'How?' }), 400, 'validation_failed', '/answer');
    expect(await knex('faqs').count()).to.deep.equal([{ count: 0 }]);
  });

  it('is written by editors only', async () => {
    const { id } = await publish();
    expectProblem(await call('POST', '/faqs', { question: 'x', answer: 'y' }, user), 403, 'forbidden');
    expectProblem(await call('PUT', `/faqs/${id}`, { answer: 'y' }, user), 403, 'forbidden');
    expectProblem(await call('DELETE', `/faqs/${id}`, undefined, user), 403, 'forbidden');
    expectProblem(await call('POST', '/faq-categories', { name: 'x' }, user), 403, 'forbidden');
    expectProblem(await api.call('GET', '/faqs'), 401, 'unauthenticated');
  });

  it('shows users published FAQs only', async () => {
    const [draft, seen, archived] = [await add(), await publish(), await add({ status: 'archived' })];
    for (const { id } of [draft, archived]) {
      expectProblem(await call('GET', `/faqs/${id}`, undefined, user), 404, 'not_found');
      expectProblem(await call('POST', `/faqs/${id}/feedback`, { helpful: true }, user), 404, 'not_found');
    }
    expect(ids(await call('GET', '/faqs', undefined, user))).to.deep.equal([seen.id]);
    expect(ids(await call('GET', '/faqs?status=draft', undefined, user))).to.deep.equal([]);
    expect(ids(await call('GET', '/faqs'))).to.deep.equal([archived.id, seen.id, draft.id]);
    expect(ids(await call('GET', '/faqs?status=draft'))).to.deep.equal([draft.id]);
  });

  it('lists FAQs in pages without gap or duplicate, by language and category', async () => {
    const { body: category } = await call('POST', '/faq-categories', { name: 'One' });
    const all: (number | undefined)[] = [];
    for (const language of ['en', 'de', 'en', 'de', 'en']) {
      all.unshift((await publish({ language, category_id: language === 'de' ? category.id : null })).id);
    }
    const first = await call('GET', '/faqs?limit=2');
    const second = await call('GET', `/faqs?limit=2&cursor=${first.body.next_cursor}`);
    const third = await call('GET', `/faqs?limit=2&cursor=${second.body.next_cursor}`);
    expect([first, second, third].flatMap(ids)).to.deep.equal(all);
    expect(third.body.next_cursor).to.equal(null);
    expect(ids(await call('GET', '/faqs?language=en'))).to.have.length(3);
    expect(ids(await call('GET', `/faqs?category_id=${category.id}`))).to.have.length(2);
    expectProblem(await call('GET', '/faqs?limit=0'), 400, 'validation_failed');
    expectProblem(await call('GET', '/faqs?cursor=nonsense'), 400, 'validation_failed', 'cursor');
  });

  it('counts views, and one rating a user, which may change', async () => {
    const { id } = await publish();
    await call('GET', `/faqs/${id}`, undefined, user);
    await call('GET', `/faqs/${id}`, undefined, user);
    const rate = (helpful: boolean, as = user) => call('POST', `/faqs/${id}/feedback`, { helpful }, as);
    const counts = async () => {
      const { view_count, helpful_count, not_helpful_count } = (await call('GET', `/faqs/${id}`)).body;
      return [view_count, helpful_count, not_helpful_count];
    };
    expect(await counts()).to.deep.equal([2, 0, 0]);
    expect((await rate(true)).status).to.equal(204);
    await rate(true);
    expect(await counts()).to.deep.equal([2, 1, 0]);
    await rate(false);
    await rate(false, agent);
    expect(await counts()).to.deep.equal([2, 0, 2]);
    await rate(true);
    expect(await counts()).to.deep.equal([2, 1, 1]);
    expectProblem(
      await call('POST', `/faqs/${id}/feedback`, { helpful: 'yes' }, user),
      400,
      'validation_failed',
    );
  });

  itNative('counts a rating once, however often it is sent at once', async () => {
    const { id } = await publish();
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        call('POST', `/faqs/${id}/feedback`, { helpful: i % 2 === 0 }, user),
      ),
    );
    const { helpful_count, not_helpful_count } = (await call('GET', `/faqs/${id}`)).body;
    expect(Number(helpful_count) + Number(not_helpful_count)).to.equal(1);
  });

  it('stores categories, and keeps FAQs when their category is deleted', async () => {
    const made = await call('POST', '/faq-categories', { name: 'Über uns', description: 'Who' });
    expect(made.status).to.equal(201);
    expect(Object.keys(made.body).join(' ')).to.equal('id name slug description created_at updated_at');
    expect(made.body).to.deep.include({ name: 'Über uns', slug: 'ueber-uns', description: 'Who' });
    const { id } = made.body;
    expect((await call('GET', `/faq-categories/${id}`, undefined, user)).body).to.deep.equal(made.body);
    expect((await call('PUT', `/faq-categories/${id}`, { name: 'Us' })).body).to.deep.include({ name: 'Us' });
    expectProblem(
      await call('POST', '/faq-categories', { name: 'x', slug: 'ueber-uns' }),
      409,
      'already_exists',
      '/slug',
    );
    expect(ids(await call('GET', '/faq-categories', undefined, user))).to.deep.equal([id]);
    const faq = await add({ category_id: id });
    expect((await call('DELETE', `/faq-categories/${id}`)).status).to.equal(204);
    expectProblem(await call('GET', `/faq-categories/${id}`), 404, 'not_found');
    expect((await call('GET', `/faqs/${faq.id}`)).body.category_id).to.equal(null);
  });
});
