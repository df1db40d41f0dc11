import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import { error, type Fake, json, refusesEmpty, say, serve } from '../../support/servers/serve.ts';

/** LiteLLM: a budget that is used up is a 400 or a 429, an unknown model a 400. */
function litellm(): Promise<Fake> {
  return serve({
    '/v1/chat/completions': (asked, res) => {
      if (refusesEmpty(asked, res)) return;
      const { model } = asked.body;
      const spent =
        'ExceededBudget: Crossed spend within budget. Budget has been exceeded! Current cost: 1.2, Max budget: 1.0';
      if (model === 'spent') return json(res, 400, error(spent, { type: 'budget_exceeded', code: '400' }));
      if (model === 'throttled')
        return json(res, 429, error(spent, { type: 'budget_exceeded', code: '429' }), { 'retry-after': '1' });
      if (model === 'gone')
        return json(res, 400, {
          error: {
            message:
              '/chat/completions: Invalid model name passed in model=gone. Call `/v1/models` to view available models for your key.',
            type: 'None',
            param: 'None',
            code: '400',
          },
        });
      if (model === 'long')
        return json(
          res,
          400,
          error('litellm.ContextWindowExceededError: litellm.BadRequestError', { type: 'None', code: '400' }),
        );
      if (model === 'busy')
        return json(
          res,
          429,
          error('No deployments available for selected model, Try again in 60 seconds.', {
            type: 'None',
            code: '429',
          }),
          { 'retry-after': '60' },
        );
      say(res, asked.body);
    },
  });
}

describe('LiteLLM', () => {
  let fake: Fake;
  let engine: Engine;
  beginEngine(
    litellm,
    (origin) => local('litellm', `${origin}/v1`),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers with what words find and is healthy', async () => {
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'Hello from the model with 1 passages.',
    });
    expect((await engine.health()).status).to.equal('healthy');
  });

  const failures = {
    spent: 'provider_quota',
    throttled: 'provider_quota',
    gone: 'model_not_found',
    long: 'context_length_exceeded',
  };
  for (const [model, code] of Object.entries(failures)) {
    it(`fails with ${code} for a model that is ${model}`, async () => {
      engine.configure({ CHAT_MODEL: `local/${model}` });
      fake.asked.length = 0;
      expect(await engine.ask()).to.include({ status: 'failed', error_code: code, retries: 0 });
      expect(fake.chats()).to.have.length(model === 'long' ? 2 : 1);
    });
  }

  it('ends a run that was told to come back for too long', async () => {
    engine.configure({ CHAT_MODEL: 'local/busy' });
    const ages = () => engine.age(200);
    fake.asked.length = 0;
    expect(await engine.ask('busy', null, { between: ages })).to.include({
      status: 'failed',
      error_code: 'provider_rate_limited',
      retries: 0,
    });
    expect(fake.chats()).to.have.length(4);
  });
});
