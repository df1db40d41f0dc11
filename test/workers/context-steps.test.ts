import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import type { HistoryMessage } from '../../db/models/message.ts';
import { way } from '../../db/sql.ts';
import { env } from '../../shared/base/env.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { vocabulary } from '../../shared/knowledge/vocabulary.ts';
import { decideContext } from '../../shared/prompt/decide.ts';
import { configure } from '../../shared/provider/config.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { embeddings, type Fake, say, serve } from '../support/servers/serve.ts';

const FAQS = ['When does the bakery open?', 'When does the bakery close?', 'Where are the umbrellas?'];
const EARLIER: HistoryMessage[] = [
  { id: -2, message_type: 'assistant', content: 'As written.', tokens_used: 3 },
  { id: -1, message_type: 'user', content: 'When does the bakery open?', tokens_used: 6 },
];

/** What the stage does between loading the run and storing what was chosen, in the order in which it begins. */
describe('the steps of the context stage', () => {
  const settings = {
    url: process.env.OPENAI_BASE_URL,
    model: process.env.QUERY_MODEL,
    check: env.ANSWER_CHECK,
  };
  const { run } = way;
  let fake: Fake;
  let steps: string[] = [];
  let asked = Promise.withResolvers<void>();
  /** What each embedding waits for. */
  let held: Promise<void> = Promise.resolve();
  let user = 1_000;

  before(async () => {
    await untilReady(redis);
    fake = await serve({
      '/v1/chat/completions': ({ body }, res) => {
        const small = body.messages?.[0]?.content.includes('prepare a search') ? 'queries' : 'verdict';
        steps.push(small);
        asked.resolve();
        say(res, body, small === 'queries' ? '{"queries": ["bakery open"]}' : '{"ids": []}');
      },
      '/v1/embeddings': async (request, res) => {
        steps.push('embedding');
        await held;
        await embeddings(request, res);
      },
    });
    Object.assign(process.env, { OPENAI_BASE_URL: `${fake.origin}/v1`, QUERY_MODEL: 'small' });
    configure();
    const faqs = FAQS.map((question, i) => ({
      question,
      answer: 'As written.',
      slug: `faq-${i}`,
      status: 'published',
      published_at: new Date(),
    }));
    await knex('faqs').insert(faqs);
    await embedFaqs(await knex('faqs').pluck('id'));
    await vocabulary(await faqSet());
    way.run = (sql, bindings, db) => {
      steps.push(sql.includes('search_faqs') ? 'search' : sql);
      return run(sql, bindings, db);
    };
  });
  beforeEach(() => {
    steps = [];
    asked = Promise.withResolvers();
    held = Promise.resolve();
    Object.assign(env, { ANSWER_CHECK: 'cited' });
  });
  after(async () => {
    way.run = run;
    Object.assign(env, { ANSWER_CHECK: settings.check });
    if (settings.url === undefined) delete process.env.OPENAI_BASE_URL;
    else process.env.OPENAI_BASE_URL = settings.url;
    process.env.QUERY_MODEL = settings.model;
    configure();
    await fake.stop();
  });

  /** Decides what the prompt of a question holds, as another user each time: nothing is kept of others. */
  const decide = async (question: string, history: HistoryMessage[] = []) => {
    const faqs = await faqSet();
    steps = [];
    user += 1;
    const turn = { user_id: user, question, language: 'en', created_at: new Date(), assistant: null };
    const { built } = await decideContext(turn, async () => history, faqs);
    return built;
  };

  it('are one embedding and one search for a first question with a strong hit', async () => {
    const { passages } = await decide('When does the bakery open?');
    expect(passages[0]?.question).to.equal('When does the bakery open?');
    expect(steps).to.deep.equal(['embedding', 'search']);
  });

  it('are the same for a first question that nothing answers, and find what may be meant', async () => {
    process.env.QUERY_MODEL = 'off';
    configure();
    Object.assign(env, { PASSAGE_THRESHOLD: 0.9 });
    const { passages, nearest } = await decide('Is there a bakery with quartz and hats?');
    Object.assign(env, { PASSAGE_THRESHOLD: undefined });
    process.env.QUERY_MODEL = 'small';
    configure();
    expect(passages).to.deep.equal([]);
    expect(nearest).to.have.members(['When does the bakery open?', 'When does the bakery close?']);
    expect(steps).to.deep.equal(['embedding', 'search']);
  });

  it('are a call of the small model and another search for a first question with a weak hit', async () => {
    const { searched } = await decide('Parcel, van, doorbell?');
    expect(searched?.why).to.equal('weak');
    expect(steps).to.deep.equal(['embedding', 'search', 'queries', 'embedding', 'search']);
  });

  it('include a verdict where a model judges what was found and what is near', async () => {
    Object.assign(env, { ANSWER_CHECK: 'model' });
    const { nearest } = await decide('When does the bakery open its doors of marble?');
    expect(nearest).to.include('When does the bakery open?');
    expect(steps.filter((step) => step === 'verdict')).to.have.length(1);
    expect(steps.filter((step) => step === 'search').length).to.equal(
      steps.filter((step) => step === 'embedding').length,
    );
  });

  it('overlap for a later question: the small model is asked while the question itself is embedded', async () => {
    held = asked.promise;
    const { searched, passages_unavailable } = await decide('And on Sundays?', EARLIER);
    expect(searched).to.deep.equal({ queries: ['bakery open'], why: 'follow_up', by: 'model' });
    // Asked one after the other, the embedding would have waited for its deadline.
    expect(passages_unavailable).to.equal(false);
    expect(steps.toSorted()).to.deep.equal(['embedding', 'embedding', 'queries', 'search', 'search']);
  });
});
