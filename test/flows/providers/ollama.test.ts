import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import {
  chunk,
  DONE,
  embeddings,
  error,
  type Fake,
  json,
  refusesEmpty,
  say,
  serve,
  stream,
} from '../../support/servers/serve.ts';

/** Ollama: `max_tokens` alone, models that are loaded first, no moderation, thinking in the text (old) or beside it (new). */
function ollama(): Promise<Fake> {
  const known = ['llama3.2', 'deepseek-r1', 'qwen3', 'cold'];
  return serve({
    '/v1/chat/completions': async (asked, res) => {
      const { body } = asked;
      if (!known.includes(body.model ?? ''))
        return json(
          res,
          404,
          error(`model "${body.model}" not found, try pulling it first`, { type: 'api_error' }),
        );
      if (refusesEmpty(asked, res)) return;
      // What it does not know it ignores: the answer then has no limit.
      if (!('max_tokens' in body)) return say(res, body, 'endless '.repeat(5_000));
      if (body.model === 'cold') await sleep(400);
      if (!['deepseek-r1', 'qwen3'].includes(body.model ?? '')) return say(res, body);
      const send = stream(res);
      const thinking = ['<th', 'ink>\nLet me', ' see. <think', '>', '</thi', 'nk>', '\n\n'];
      for (const piece of body.model === 'qwen3' ? [] : thinking) send(chunk({ content: piece }));
      if (body.model === 'qwen3') send(chunk({ content: '', reasoning: 'Let me see.' }));
      for (const piece of ['It is ', '42.']) send(chunk({ content: piece }));
      send(chunk({ content: '' }, 'stop'));
      res.end(DONE);
    },
    '/v1/embeddings': embeddings,
  });
}

describe('Ollama', () => {
  let fake: Fake;
  let engine: Engine;
  const env = (more = {}, origin = fake.origin) =>
    local('ollama', `${origin}/v1`, {
      CHAT_MODEL: 'local/llama3.2',
      EMBEDDING_MODEL: 'local/nomic-embed-text',
      ...more,
    });
  beginEngine(
    ollama,
    (origin) => env({}, origin),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers with passages found by meaning, within a limit that it knows, and is healthy', async () => {
    const run = await engine.ask();
    expect(run).to.include({ status: 'completed', content: 'Hello from the model with 1 passages.' });
    expect(fake.chats()[0]?.body)
      .to.include({ max_tokens: 1_000 })
      .and.not.have.property('max_completion_tokens');
    expect(run.model).to.equal('local/llama3.2');
    expect(await engine.health()).to.deep.include({
      status: 'healthy',
      providers: { chat: 'healthy', embedding: 'healthy', moderation: 'off' },
    });
  });

  for (const model of ['deepseek-r1', 'qwen3']) {
    it(`shows the answer of ${model} without its thinking, and never tells it the thinking again`, async () => {
      engine.configure(env({ CHAT_MODEL: `local/${model}` }));
      const run = await engine.ask();
      expect(run).to.include({ status: 'completed', content: 'It is 42.' });
      await engine.ask('And now?', run.conversation_id);
      expect(JSON.stringify(fake.chats().at(-1)?.body.messages))
        .to.contain('It is 42.')
        .and.not.contain('Let me');
    });
  }

  it('is waited for while it loads the model', async () => {
    engine.configure(env({ CHAT_MODEL: 'local/cold', PROVIDER_LOCAL_SILENCE_TIMEOUT_MS: '100' }));
    expect(await engine.ask()).to.include({ status: 'completed', retries: 0 });
    engine.configure(env({ CHAT_MODEL: 'local/cold', PROVIDER_LOCAL_FIRST_BYTE_TIMEOUT_MS: '100' }));
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'provider_timeout' });
    engine.configure(
      env({ PROVIDER_LOCAL_FIRST_BYTE_TIMEOUT_MS: '', PROVIDER_LOCAL_SILENCE_TIMEOUT_MS: '' }),
    );
  });

  it('fails with model_not_found where the model was not pulled', async () => {
    engine.configure(env({ CHAT_MODEL: 'local/gone' }));
    engine.logs.length = 0;
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'model_not_found', retries: 0 });
    expect(engine.failures()[0]).to.include({
      role: 'chat',
      see: 'CHAT_MODEL',
      host: new URL(fake.origin).host,
    });
  });

  it('names the variable to change where it is asked to moderate', async () => {
    engine.configure(env({ MODERATION_MODEL: 'local/omni-moderation-latest' }));
    engine.logs.length = 0;
    const run = await engine.ask('not judged yet');
    expect(run).to.include({ status: 'failed', error_code: 'moderation_unavailable' });
    expect(run.error_message).to.contain('MODERATION_MODEL');
    expect(engine.failures()[0]).to.include({
      role: 'moderation',
      code: 'not_supported',
      see: 'MODERATION_MODEL',
    });
    const health = await engine.health();
    expect(health.status).to.equal('degraded');
    expect(health.providers.moderation).to.equal('unhealthy: not_supported, see MODERATION_MODEL');
  });
});
