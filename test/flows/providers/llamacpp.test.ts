import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import { error, type Fake, json, refusesEmpty, say, serve } from '../../support/servers/serve.ts';

/** llama.cpp: 503 while it loads, 501 for what it was not started for, a code of its own for what is too long. */
function llamacpp(loading: { left: number }): Promise<Fake> {
  const busy = { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } };
  return serve(
    {
      '/v1/chat/completions': (asked, res) => {
        if (loading.left > 0) {
          loading.left -= asked.body.messages === undefined ? 0 : 1;
          return json(res, 503, busy);
        }
        if (refusesEmpty(asked, res)) return;
        if (JSON.stringify(asked.body.messages).length > 6_000)
          return json(res, 400, {
            error: {
              code: 400,
              message: 'the request exceeds the available context size',
              type: 'exceed_context_size_error',
              n_ctx: 2_048,
            },
          });
        say(res, asked.body);
      },
      '/v1/embeddings': (_, res) =>
        json(res, 501, {
          error: {
            code: 501,
            message: 'This server does not support embeddings. Start it with `--embeddings`',
            type: 'not_supported_error',
          },
        }),
      '/v1/models': (_, res) => json(res, 200, { object: 'list', data: [{ id: 'any' }] }),
    },
    (_, res) => json(res, 404, error('File Not Found', { type: 'not_found_error', code: 404 })),
  );
}

describe('llama.cpp', () => {
  const loading = { left: 0 };
  let engine: Engine;
  beginEngine(
    () => llamacpp(loading),
    (origin) => local('llamacpp', `${origin}/v1`, { EMBEDDING_MODEL: 'local/any' }),
    (begun) => ({ engine } = begun),
  );

  it('answers with what words find where it embeds nothing, and says which variable to look at', async () => {
    const run = await engine.ask();
    expect(run).to.include({ status: 'completed', content: 'Hello from the model with 1 passages.' });
    const { providers } = await engine.health();
    expect(providers.chat).to.equal('healthy');
    expect(providers.embedding).to.equal('unhealthy: not_supported, see EMBEDDING_MODEL');
  });

  it('is not healthy while it loads, whatever its list of models says', async () => {
    loading.left = 1;
    engine.configure({ CHAT_MODEL: 'local/other' });
    expect((await engine.health()).providers.chat).to.equal('unhealthy: the model is being loaded');
    loading.left = 0;
  });

  it('is waited for while it loads, without a try burnt', async () => {
    loading.left = 8;
    expect(await engine.ask()).to.include({ status: 'completed', retries: 0, attempt: 9 });
  });

  it('shrinks a prompt that is too long once', async () => {
    const run = await engine.ask(`tell ${'much '.repeat(1_500)}`);
    expect(run).to.include({ status: 'completed', retries: 0 });
  });
});
