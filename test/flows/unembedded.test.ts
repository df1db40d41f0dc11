import { expect } from 'chai';
import { row, rows } from '../../db/sql.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import {
  embeddings,
  error,
  type Fake,
  type Handler,
  json,
  say,
  serveModel,
} from '../support/servers/serve.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const FAQS = { 'When does the bakery open?': 'At six.', 'Where are the umbrellas?': 'In the yard.' };

/** How a provider may fail to embed a question. */
const FAILURES: Record<string, Handler> = {
  'is answered 500': (_, res) => json(res, 500, error('no vectors today')),
  hangs: () => {},
  'has no vectors in its answer': ({ body }, res) => json(res, 200, { model: body.model, data: [] }),
};

describe('a question that is not embedded', function () {
  this.timeout(60_000);
  let fake: Fake;
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;
  let embed: Handler = embeddings;
  before(async () => {
    fake = await serveModel(
      ({ body }, res) => say(res, body),
      (asked, res) => embed(asked, res),
    );
    stack = await startStack({ OPENAI_BASE_URL: `${fake.origin}/v1` });
    user = await buildUser();
    device = await connectDevice(stack.web[0] ?? '', user.access);
    const { access } = await buildUser({ role: 'agent' });
    for (const [question, answer] of Object.entries(FAQS))
      await stack.post('/faqs', { question, answer, status: 'published' }, access);
    const bare = () => rows('SELECT FROM faqs WHERE id NOT IN (SELECT faq_id FROM faq_vectors)');
    await until('every FAQ has its vectors', async () => (await bare()).length === 0);
  });
  after(async () => {
    device.close();
    await stack.stop();
    await fake.stop();
  });

  const ask = async (content: string) => {
    const { body } = await stack.post('/chat/send', { content }, user.access);
    const { event } = await device.ended(Number(body.run_id));
    const run = await row<{ by_words: boolean }>(
      "SELECT CAST(context ->> 'passages_unavailable' AS boolean) AS by_words FROM runs WHERE id = :id",
      { id: Number(body.run_id) },
    );
    return {
      event,
      by_words: run?.by_words,
      system: fake.chats().at(-1)?.body.messages?.[0]?.content ?? '',
    };
  };

  for (const [i, [how, failure]] of Object.entries(FAILURES).entries()) {
    it(`finds by words what the prompt offers, where its embedding ${how}`, async () => {
      embed = failure;
      const before = fake.asked.filter(({ path }) => path.endsWith('/embeddings')).length;
      // Another text each time: no vector of it is kept.
      const { event, by_words, system } = await ask(`Does the bakery open at ${7 + i}?`);
      embed = embeddings;
      expect(fake.asked.filter(({ path }) => path.endsWith('/embeddings'))).to.have.length.above(before);
      expect([event, by_words]).to.deep.equal(['response', true]);
      expect(system).to.match(
        /<passage id="\d+">\nQuestion: When does the bakery open\?\nAnswer: At six\.\n/,
      );
      expect(system).not.to.contain('umbrellas');
    });
  }
});
