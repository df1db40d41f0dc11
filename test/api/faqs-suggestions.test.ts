import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { changeAssistant } from '../../db/models/assistant.ts';
import * as goneMigration from '../../db/migrations/148_gaps_gone.ts';
import * as indexesMigration from '../../db/migrations/149_list_indexes_more.ts';
import { gapsToGroup } from '../../db/models/faqSuggestion.ts';
import { redact } from '../../shared/knowledge/redact.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { faqSuggestions } from '../../workers/faqSuggestions.ts';
import type { Api } from '../support/api.ts';
import { buildDefault, forgetAssistants } from '../support/assistants.ts';
import { undisturbed } from '../support/database.ts';
import { type Embeddings, serveEmbeddings } from '../support/embeddings.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { playWorker, type Sent, send, serveWeb } from '../support/web.ts';

type Suggestion = { id: number; question: string; asked: number; examples: string[] } & Record<
  string,
  unknown
>;

describe('FAQ suggestions', () => {
  let api: Api;
  let provider: Embeddings;
  let agent: BuiltUser;
  let user: BuiltUser;
  before(async () => {
    await untilReady(redis);
    [api, provider] = await Promise.all([serveWeb(), serveEmbeddings()]);
    [agent, user] = [await buildUser({ role: 'agent' }), await buildUser()];
  });
  after(() => Promise.all([api.close(), provider.stop()]));
  beforeEach(() => knex.raw('TRUNCATE faqs, conversations, faq_gap_scan, faq_suggestions CASCADE'));

  const call = (method: string, path: string, body?: unknown, as = agent) =>
    api.call(method, `/faqs/suggestions${path}`, body, { token: as.access });
  /** Has a question answered, with the given context and verdict. */
  const ask = async (
    content: string,
    found: { passages?: object[]; flagged?: boolean; answer?: string; finish_reason?: string } = {},
  ): Promise<Sent> => {
    const { passages = [], flagged = false, answer = "I don't know.", finish_reason = 'stop' } = found;
    const sent = await send(api, user, { content });
    const worker = await playWorker(user, sent);
    await worker.say(answer);
    await worker.finish({ finish_reason });
    await knex('runs')
      .where({ id: sent.run_id })
      .update({
        context: JSON.stringify({ passages, passages_unavailable: false }),
        moderation: JSON.stringify({ flagged, categories: [], model: 'm' }),
      });
    return sent;
  };
  const group = async () => {
    await knex('faq_gap_scan').delete();
    if (await gapsToGroup()) await faqSuggestions();
  };
  const list = async (query = '') => (await call('GET', query)).body.data as Suggestion[];

  it('group unanswered questions by meaning, most asked first', async () => {
    await ask('Do you ship to Norway?');
    await ask('What is the warranty on batteries?');
    await ask('Can you ship to Norway please?');
    await ask('How is this answered?', { passages: [{ faq_id: 1 }], answer: 'So [1].' });
    await ask('I kill you', { flagged: true });
    await group();
    await group();
    const found = await list();
    expect(found.map(({ question, asked }) => [question, asked])).to.deep.equal([
      ['Do you ship to Norway?', 2],
      ['What is the warranty on batteries?', 1],
    ]);
    expect(found[0]?.examples).to.deep.equal(['Do you ship to Norway?', 'Can you ship to Norway please?']);
    const first = await call('GET', '?limit=1');
    const second = await call('GET', `?limit=1&cursor=${first.body.next_cursor}`);
    expect(
      [first, second].flatMap(({ body }) => (body.data as Suggestion[]).map(({ id }) => id)),
    ).to.deep.equal(found.map(({ id }) => id));
    expect(second.body.next_cursor).to.equal(null);
  });

  it('include questions whose answer cites none of its passages', async () => {
    const passages = [{ faq_id: 5 }, { faq_id: 12 }];
    const cited = ['So [5].', 'So [12], or so.', 'So [7, 5].', 'So [id 12].', 'So [1][5]'];
    for (const [i, answer] of cited.entries()) await ask(`Cited ${i} times?`, { passages, answer });
    await ask('What is the warranty on batteries?', { passages, answer: 'Das weiß ich leider nicht.' });
    await ask('Do you ship to Norway?', { passages, answer: 'See [1], [25] and 5 others.' });
    await ask('How does it end?', { passages, answer: 'Stopped.', finish_reason: 'content_filter' });
    await group();
    const asked = (await list()).map(({ question }) => question);
    expect(asked).to.have.members(['What is the warranty on batteries?', 'Do you ship to Norway?']);
    expect(await knex('faq_gaps').pluck('reason')).to.deep.equal(['not_cited', 'not_cited']);
  });

  it('hold the whole of a burst, which is asked once', async () => {
    const first = await send(api, user, { content: 'Hello' });
    const more = { conversation_id: first.conversation_id, multitask_strategy: 'coalesce' };
    await send(api, user, { ...more, content: 'Do you ship' });
    await send(api, user, { ...more, content: 'to Norway?' });
    const worker = await playWorker(user, first);
    await worker.say('Hm.');
    await worker.finish();
    await knex('runs')
      .where({ id: first.run_id })
      .update({ context: JSON.stringify({ passages: [], passages_unavailable: false }) });
    await group();
    expect((await list()).map(({ examples, asked }) => [examples, asked])).to.deep.equal([
      [['Hello\n\nDo you ship\n\nto Norway?'], 1],
    ]);
  });

  it('leaves out what an assistant without the knowledge base answered', async () => {
    const knowledge = { enabled: false, category_ids: null };
    const { id } = await buildDefault({ knowledge });
    await ask('What is the warranty on batteries?');
    await changeAssistant(id, { knowledge: { ...knowledge, enabled: true } }, async () => {});
    await ask('Do you ship to Norway?');
    await group();
    await forgetAssistants();
    expect((await list()).map(({ question }) => question)).to.deep.equal(['Do you ship to Norway?']);
  });

  it('include questions whose answer was rated down', async () => {
    const found = { passages: [{ faq_id: 1 }], answer: 'In Berlin [1].' };
    const { reply_id, conversation_id } = await ask('Where are you?', found);
    await knex('message_feedback').insert({
      message_id: reply_id,
      conversation_id,
      user_id: user.id,
      rating: 'down',
    });
    await group();
    expect((await list()).map(({ question }) => question)).to.deep.equal(['Where are you?']);
  });

  it('become a draft once, and count the questions that the draft would answer', async () => {
    await ask('Do you ship to Norway?');
    await ask('Can you ship to Norway please?');
    await group();
    const [{ id } = { id: 0 }] = await list();
    const drafted = await call('POST', `/${id}/draft`, { answer: 'We ship to Norway.' });
    expect(drafted.status).to.equal(201);
    expect(drafted.body).to.deep.include({ question: 'Do you ship to Norway?', status: 'draft' });
    expect((await call('POST', `/${id}/draft`, {})).status).to.equal(409);
    expect((await call('POST', `/${id}/dismiss`)).status).to.equal(409);
    expect(await list()).to.deep.equal([]);
    expect((await list('?status=drafted'))[0], 'before there are vectors').to.include({ would_answer: null });
    await embedFaqs([Number(drafted.body.id)]);
    const [after] = await list('?status=drafted');
    expect(after).to.deep.include({ id, faq_id: drafted.body.id, would_answer: 2 });
  });

  it('become a draft in one transaction, or stay open', async () => {
    await ask('Do you ship to Norway?');
    await group();
    const [{ id } = { id: 0 }] = await list();
    expect((await call('POST', `/${id}/draft`, { category_id: 999_999 })).status).to.equal(400);
    expect((await list()).map((open) => open.id)).to.deep.equal([id]);
    // A taken slug means another try.
    const taken = { question: 'Do you ship to Norway?', answer: 'Yes.' };
    expect((await api.call('POST', '/faqs', taken, { token: agent.access })).status).to.equal(201);
    expect((await call('POST', `/${id}/draft`, {})).body).to.include({ slug: 'do-you-ship-to-norway-2' });
    const { rows } = (await knex.raw(
      'SELECT f.xmin = s.xmin AS at_once FROM faq_suggestions s JOIN faqs f ON f.id = s.faq_id',
    )) as { rows: unknown[] };
    expect(rows).to.deep.equal([{ at_once: true }]);
  });

  it('tell a publisher how many questions the FAQ would answer', async () => {
    await ask('Do you ship to Norway?');
    await group();
    const [{ id } = { id: 0 }] = await list();
    const { body } = await call('POST', `/${id}/draft`, { answer: 'We ship to Norway.' });
    await ask('What is the warranty on batteries?');
    // A question of another suggestion, because its words differ.
    await ask('Norway weather?');
    await group();
    const put = async (fields: object) =>
      (await api.call('PUT', `/faqs/${body.id}`, fields, { token: agent.access })).body;
    expect((await put({ status: 'published' })).would_answer, 'before there are vectors').to.equal(null);
    await embedFaqs([Number(body.id)]);
    expect(await put({ priority: 1 })).not.to.have.property('would_answer');
    expect((await put({ status: 'published' })).would_answer).to.equal(2);
    await call(
      'POST',
      `/${(await list()).find(({ question }) => question === 'Norway weather?')?.id}/dismiss`,
    );
    expect((await put({ status: 'published' })).would_answer).to.equal(1);
  });

  it('stay dismissed when a question comes again', async () => {
    await ask('Do you ship to Norway?');
    await group();
    const [{ id } = { id: 0 }] = await list();
    expect((await call('POST', `/${id}/dismiss`)).status).to.equal(204);
    expect((await call('POST', `/${id}/dismiss`)).status).to.equal(204);
    await ask('Do you ship to Norway?');
    await group();
    expect(await list()).to.deep.equal([]);
    expect((await list('?status=dismissed'))[0]?.asked).to.equal(2);
  });

  it('do not reveal who asked, nor any deleted question', async () => {
    const { conversation_id } = await ask(
      'My card 4111 1111 1111 1111 fails, write to ann@example.com or +49 30 1234567',
    );
    await group();
    expect((await list())[0]?.question).to.equal('My card [card] fails, write to [e-mail] or [phone]');
    expect(provider.requests.flatMap(({ texts }) => texts).join()).not.to.match(/4111|ann@/);
    await api.call('DELETE', `/conversations/${conversation_id}`, undefined, { token: user.access });
    expect(await list()).to.deep.equal([]);
  });

  it('do not reveal what the release before deletes, before its functions are replaced or after', async () => {
    const [early, late] = [await ask('Do you ship to Norway?'), await ask('Where are you?')];
    await ask('What is the warranty on batteries?');
    await group();
    // It does not know the column.
    const remove = ({ conversation_id: id }: Sent) =>
      knex('conversations').where({ id }).update({ deleted_at: knex.fn.now() });
    await undisturbed(() => goneMigration.down(knex));
    await remove(early);
    await goneMigration.up(knex);
    await indexesMigration.up(knex);
    await remove(late);
    expect((await list()).map(({ question }) => question)).to.deep.equal([
      'What is the warranty on batteries?',
    ]);
  });

  it('are for editors only', async () => {
    expect((await call('GET', '', undefined, user)).status).to.equal(403);
    expect((await call('POST', '/1/draft', {}, user)).status).to.equal(403);
    expect((await call('POST', '/1/dismiss', undefined, user)).status).to.equal(403);
    expect((await call('POST', '/999999/draft', {})).status).to.equal(404);
  });

  it('are redacted: personal data is removed and the rest stays', () => {
    const cases = [
      ['jane.doe+x@mail.example.co.uk', '[e-mail]'],
      ['jane [at] example[dot]com', '[e-mail]'],
      ['call 030/1234567 or (0171) 234 56 78', 'call [phone] or [phone]'],
      ['DE89 3704 0044 0532 0130 00', '[account]'],
      ['5500-0000-0000-0004', '[card]'],
      ['I bought 3 of 12 for 99.50 in 2024', 'I bought 3 of 12 for 99.50 in 2024'],
    ] as const;
    for (const [text, left] of cases) expect(redact(text)).to.equal(left);
  });
});
