import type { Job } from 'bullmq';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { draft } from '../../shared/people/draft.ts';
import { summary } from '../../workers/summary.ts';
import { buildUser } from '../support/factories.ts';
import { Engine } from '../support/servers/engine.ts';
import { embeddings, type Fake, json, moderations, say, serve } from '../support/servers/serve.ts';

describe('a consent that is taken back while a provider is asked', () => {
  let fake: Fake;
  let engine: Engine;
  let id: number;
  /** The path whose next request finds the consent taken back before it is answered. */
  let at = '';
  let up = true;
  const asked = async (path: string) => {
    if (path !== at) return;
    at = '';
    await knex('users').where({ id: engine.user.id }).update({ data_processing_consent: false });
  };
  before(async () => {
    fake = await serve({
      '/v1/chat/completions': async ({ path, body }, res) => {
        await asked(path);
        if (up) say(res, body, 'Fine');
        else json(res, 500, {});
      },
      '/v1/embeddings': embeddings,
      '/v1/moderations': async (one, res) => {
        await asked(one.path);
        await moderations(one, res);
      },
    });
    const models = { CHAT_MODEL: 'first', CHAT_MODEL_FALLBACK: 'second' };
    engine = await Engine.begin({ OPENAI_BASE_URL: `${fake.origin}/v1`, OPENAI_API_KEY: 'x', ...models });
  });
  after(async () => {
    await engine.end();
    await fake.stop();
  });
  beforeEach(async () => {
    [at, up] = ['', true];
    await knex('users').where({ id: engine.user.id }).update({ data_processing_consent: true });
    id = (await engine.ask()).conversation_id;
    await knex('conversations')
      .where({ id })
      .update({ status: 'waiting', status_since: new Date(), waiting_since: new Date() });
    fake.asked.length = 0;
  });

  it('keeps a draft’s question from the model after moderation has read it', async () => {
    const { id: actor_id } = await buildUser({ role: 'agent' });
    const agent = { actor_id, actor_role: 'agent', ip: null, request_id: null } as const;
    const drafted = () =>
      draft(agent, id, AbortSignal.timeout(10_000)).catch(({ code }: { code?: string }) => code);
    expect(await drafted()).to.include({ content: 'Fine' });
    const before = fake.chats().length;
    // Moderation is asked of a text that it has not read.
    const more = { conversation_id: id, user_id: engine.user.id, message_type: 'user', status: 'sent' };
    await knex('messages').insert({ ...more, content: 'And where is the lock?' });
    at = '/v1/moderations';
    expect(await drafted()).to.equal('consent_required');
    expect([at, fake.chats().length]).to.deep.equal(['', before]);
  });

  it('keeps a talk that is summarised from the second model after the first one has failed', async () => {
    up = false;
    at = '/v1/chat/completions';
    await summary({ data: { conversation_id: id } } as Job);
    expect(fake.chats().map(({ body }) => body.model)).to.deep.equal(['first']);

    await knex('users').where({ id: engine.user.id }).update({ data_processing_consent: true });
    await summary({ data: { conversation_id: id } } as Job);
    expect(fake.chats().map(({ body }) => body.model)).to.deep.equal(['first', 'first', 'second']);
  });
});
