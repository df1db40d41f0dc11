import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import type { ContextRecord } from '../../db/models/turn.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { error, type Fake, type Handler, json, say, serve } from '../support/servers/serve.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { processTypes } from '../../scripts/services/procfile.ts';

const FAQS = {
  'How do I lease a bicycle?': 'Sign the contract in the shop.',
  'How long does the approval of a leasing contract take?': 'Two days.',
  'How long does delivery take?': 'One week.',
};

describe('the query stage', function () {
  this.timeout(60_000);
  let stack: Stack;
  let small: Fake;
  let user: BuiltUser;
  /** What the small model does. */
  let answer: Handler;
  const queries =
    (...found: string[]): Handler =>
    ({ body }, res) =>
      say(res, body, JSON.stringify({ queries: found }));

  before(async () => {
    small = await serve({ '/v1/chat/completions': (asked, res) => answer(asked, res) });
    const env = { PROVIDERS: 'small', PROVIDER_SMALL_URL: `${small.origin}/v1`, QUERY_MODEL: 'small/mini' };
    const types = processTypes().filter((type) => !['web', 'analytics'].includes(type));
    stack = await startStack(env, ['web', ...types]);
    const faqs = Object.entries(FAQS).map(([question, text], i) => ({
      question,
      answer: text,
      slug: `faq-${i}`,
      status: 'published',
      published_at: new Date(),
    }));
    await knex('faqs').insert(faqs);
  });
  beforeEach(async () => {
    answer = queries();
    small.asked.length = 0;
    user = await buildUser();
  });
  after(async () => {
    await stack.stop();
    await small.stop();
  });

  /** Asks and waits for the answer. @returns the context of the run */
  const ask = async (content: string, conversation_id?: number, who = user) => {
    const device = await connectDevice(stack.web[0] ?? '', who.access);
    const { body } = await stack.post('/chat/send', { content, conversation_id }, who.access);
    const end = await device.ended(Number(body.run_id));
    device.close();
    const run = await knex('runs').where({ id: body.run_id }).first();
    return {
      event: end.event,
      conversation: Number(body.conversation_id),
      context: run.context as ContextRecord,
    };
  };
  const first = ({ passages }: ContextRecord) => passages[0]?.question;

  it('costs a strong first question no call', async () => {
    const { event, context } = await ask('How long does delivery take?');
    expect(event).to.equal('response');
    expect(first(context)).to.equal('How long does delivery take?');
    expect(context.searched).to.equal(null);
    expect(small.chats()).to.have.length(0);
  });

  it('searches for what a follow-up means, and keeps what was searched on the run', async () => {
    const { conversation } = await ask('How do I lease a bicycle?');
    answer = queries('How long does the approval of a leasing contract take?', '', '  ');
    const { context } = await ask('And how long does that take?', conversation);
    expect(first(context)).to.equal('How long does the approval of a leasing contract take?');
    expect(context.searched).to.deep.equal({
      queries: ['How long does the approval of a leasing contract take?'],
      why: 'follow_up',
      by: 'model',
    });
    const [call] = small.chats();
    expect(small.chats()).to.have.length(1);
    expect(call?.body).to.deep.include({ model: 'mini', temperature: 0 });
    expect(call?.body.response_format).to.nested.include({
      type: 'json_schema',
      'json_schema.name': 'search_queries',
    });
    expect(JSON.parse(call?.body.messages?.at(-1)?.content ?? '')).to.deep.equal({
      conversation: [
        { role: 'user', text: 'How do I lease a bicycle?' },
        { role: 'assistant', text: (await reply(conversation)) ?? '' },
      ],
      message: 'And how long does that take?',
      languages: ['en'],
    });
  });

  it('searches three queries at most', async () => {
    answer = queries('delivery', 'leasing', 'approval', 'weather');
    const { context } = await ask('Parcel, van, doorbell?');
    expect(context.searched).to.deep.equal({
      queries: ['delivery', 'leasing', 'approval'],
      why: 'weak',
      by: 'model',
    });
    expect(context.passages).to.have.length(3);
  });

  const TROUBLES: Record<string, Handler> = {
    'is down': (_, res) => json(res, 500, error('no')),
    'answers something else': ({ body }, res) => say(res, body, 'Sure! Here are some queries: delivery'),
    'answers JSON of another form': ({ body }, res) => say(res, body, '{"queries": [{"text": "delivery"}]}'),
    'never answers': () => {},
  };
  for (const [name, trouble] of Object.entries(TROUBLES)) {
    it(`a message is answered all the same when the small model ${name}`, async () => {
      const { conversation } = await ask('How do I lease a bicycle?');
      answer = trouble;
      const { event, context } = await ask('How long does delivery take?', conversation);
      expect(event).to.equal('response');
      expect(first(context)).to.equal('How long does delivery take?');
      expect(context.searched).to.deep.equal({ queries: [], why: 'follow_up', by: 'none' });
      expect(small.chats()).to.have.length(1);
    });
  }

  it("keeps a user's queries for this user alone", async () => {
    answer = queries('delivery');
    await ask('Parcel, van, doorbell?');
    await ask('Parcel, van, doorbell?');
    expect(small.chats()).to.have.length(1);
    await ask('Parcel, van, doorbell?', undefined, await buildUser());
    expect(small.chats()).to.have.length(2);
  });

  it('leaves the public search alone', async () => {
    await stack.get('/faqs/search?q=Parcel%2C%20van%2C%20doorbell%3F', user.access);
    expect(small.chats()).to.have.length(0);
  });

  const reply = async (conversation: number): Promise<string | undefined> =>
    (
      await knex('messages')
        .where({ conversation_id: conversation, message_type: 'assistant' })
        .orderBy('id')
        .first()
    )?.content;
});
