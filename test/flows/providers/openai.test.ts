import { expect } from 'chai';
import { beginEngine, type Engine, QUESTION } from '../../support/servers/engine.ts';
import {
  embeddings,
  error,
  type Fake,
  json,
  moderations,
  refusesEmpty,
  say,
  serve,
} from '../../support/servers/serve.ts';

/** OpenAI as it is: models that reason know neither `temperature` nor `max_tokens`. */
const REASONS = /^(o\d|gpt-5)/;

function openai(): Promise<Fake> {
  return serve({
    '/v1/chat/completions': (asked, res) => {
      const { body, headers } = asked;
      if (headers.authorization !== 'Bearer sk-right')
        return json(res, 401, error('Incorrect API key provided.', { code: 'invalid_api_key' }));
      if (refusesEmpty(asked, res)) return;
      const reasons = REASONS.test(body.model ?? '');
      if (body.model === 'gone')
        return json(
          res,
          404,
          error('The model `gone` does not exist or you do not have access to it.', {
            code: 'model_not_found',
          }),
        );
      if (body.model === 'broke')
        return json(
          res,
          429,
          error('You exceeded your current quota.', {
            type: 'insufficient_quota',
            code: 'insufficient_quota',
          }),
        );
      if (reasons && 'temperature' in body)
        return json(
          res,
          400,
          error("Unsupported value: 'temperature' does not support 0.7 with this model.", {
            param: 'temperature',
            code: 'unsupported_value',
          }),
        );
      if (reasons && 'max_tokens' in body)
        return json(
          res,
          400,
          error(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            { param: 'max_tokens', code: 'unsupported_parameter' },
          ),
        );
      say(res, body);
    },
    '/v1/embeddings': embeddings,
    '/v1/moderations': moderations,
  });
}

describe('OpenAI', () => {
  let fake: Fake;
  let engine: Engine;
  beginEngine(
    openai,
    (origin) => ({ OPENAI_BASE_URL: `${origin}/v1`, OPENAI_API_KEY: 'sk-right' }),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers with passages, a verdict and counted tokens, and is healthy', async () => {
    const run = await engine.ask();
    expect(run).to.include({
      status: 'completed',
      content: 'Hello from the model with 1 passages.',
      total_tokens: 18,
    });
    expect(run.moderation).to.include({ flagged: false, model: 'omni-moderation-latest' });
    expect(await engine.health()).to.deep.include({
      status: 'healthy',
      providers: { chat: 'healthy', embedding: 'healthy', moderation: 'healthy' },
    });
    expect(fake.chats()).to.have.length(1);
    expect(engine.failures()).to.deep.equal([]);
  });

  it('answers with a model that reasons, which refuses a parameter once', async () => {
    engine.configure({ CHAT_MODEL: 'gpt-5-mini' });
    fake.asked.length = 0;
    expect(await engine.ask()).to.include({ status: 'completed', retries: 0, attempt: 1 });
    expect(await engine.ask()).to.include({ status: 'completed', retries: 0 });
    expect(fake.chats().map(({ body }) => 'temperature' in body)).to.deep.equal([true, false, false]);
    const learned = engine.logs.find(
      ({ msg }) => msg === 'Parameter refused; the model is asked again without it',
    );
    expect(learned).to.include({ refused: 'temperature', provider: 'openai', model: 'gpt-5-mini' });
  });

  it('answers where the settings say max_tokens and the model wants max_completion_tokens', async () => {
    engine.configure({ CHAT_MODEL: 'o4-mini', PROVIDER_OPENAI_KIND: 'generic' });
    fake.asked.length = 0;
    expect(await engine.ask()).to.include({ status: 'completed', retries: 0 });
    expect(fake.chats().at(-1)?.body)
      .to.include({ max_completion_tokens: 1_000 })
      .and.not.have.property('max_tokens');
    engine.configure({ PROVIDER_OPENAI_KIND: 'openai' });
  });

  for (const [model, code] of [
    ['gone', 'model_not_found'],
    ['broke', 'provider_quota'],
  ] as const) {
    it(`fails with ${code}, by one call, where there is no other model`, async () => {
      engine.configure({ CHAT_MODEL: model });
      fake.asked.length = 0;
      engine.logs.length = 0;
      expect(await engine.ask()).to.include({ status: 'failed', error_code: code, retries: 0 });
      expect(fake.chats()).to.have.length(1);
      expect(engine.failures()[0]).to.include({ role: 'chat', provider: 'openai', model, code });
      expect((await engine.health()).providers.chat).to.match(new RegExp(`^unhealthy: ${code}`));
    });
  }

  it('fails with provider_key where the key is wrong', async () => {
    engine.configure({ CHAT_MODEL: 'gpt-4.1-mini', OPENAI_API_KEY: 'sk-wrong' });
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'provider_key' });
    expect((await engine.health()).providers.chat).to.equal('unhealthy: provider_key');
    engine.configure({ OPENAI_API_KEY: 'sk-right' });
  });

  it('asks the next model of the order where the first has no key, quota or name', async () => {
    engine.configure({ CHAT_MODEL: 'gone', CHAT_MODEL_FALLBACK: 'broke,gpt-4.1-mini' });
    fake.asked.length = 0;
    expect(await engine.ask()).to.include({ status: 'completed', model: 'gpt-4.1-mini', attempt: 1 });
    expect(fake.chats().map(({ body }) => body.model)).to.deep.equal(['gone', 'broke', 'gpt-4.1-mini']);
    engine.configure({ CHAT_MODEL_FALLBACK: '' });
  });

  it('refuses politely what moderation flags, without a call of the model', async () => {
    engine.configure({ CHAT_MODEL: 'gpt-4.1-mini' });
    fake.asked.length = 0;
    const run = await engine.ask('How do I kill?');
    expect(run).to.include({ status: 'completed', finish_reason: 'content_filter' });
    expect(fake.chats()).to.deep.equal([]);
    expect(QUESTION).not.to.equal('');
  });
});
