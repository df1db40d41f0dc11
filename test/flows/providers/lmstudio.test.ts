import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import { type Fake, json, refusesEmpty, say, serve } from '../../support/servers/serve.ts';

/** LM Studio: unknown endpoints are a 200 with an error. */
function lmstudio(): Promise<Fake> {
  return serve(
    {
      '/v1/chat/completions': (asked, res) => {
        if (refusesEmpty(asked, res)) return;
        if (asked.body.model === 'unloadable')
          return json(res, 400, {
            error: {
              message: 'Failed to load model "unloadable". Error: insufficient memory.',
              type: 'invalid_request_error',
              param: 'model',
              code: 'model_not_found',
            },
          });
        if (asked.body.model === 'broken')
          return json(res, 200, { error: 'The model has crashed without additional information.' });
        say(res, asked.body);
      },
    },
    ({ method, path }, res) =>
      json(res, 200, { error: `Unexpected endpoint or method. (${method} ${path})` }),
  );
}

describe('LM Studio', () => {
  let engine: Engine;
  beginEngine(
    lmstudio,
    (origin) => local('lmstudio', `${origin}/v1`),
    (begun) => ({ engine } = begun),
  );

  it('answers with what words find and is healthy', async () => {
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'Hello from the model with 1 passages.',
    });
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('names the variable to change when its 200 says that there is no moderation', async () => {
    engine.configure({ MODERATION_MODEL: 'local/omni' });
    const run = await engine.ask('not judged before');
    expect(run).to.include({ status: 'failed', error_code: 'moderation_unavailable' });
    expect(engine.failures()[0]).to.include({
      role: 'moderation',
      code: 'not_supported',
      see: 'MODERATION_MODEL',
    });
    expect((await engine.health()).providers.moderation).to.equal(
      'unhealthy: not_supported, see MODERATION_MODEL',
    );
    engine.configure({ MODERATION_MODEL: 'off' });
  });

  it('fails with model_not_found where it cannot load the model', async () => {
    engine.configure({ CHAT_MODEL: 'local/unloadable' });
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'model_not_found', retries: 0 });
  });

  it('is asked again where its 200 says that the model crashed', async () => {
    engine.configure({ CHAT_MODEL: 'local/broken' });
    expect(await engine.ask()).to.include({
      status: 'failed',
      error_code: 'provider_unavailable',
      retries: 4,
    });
  });
});
