import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import {
  chunk,
  DONE,
  error,
  type Fake,
  json,
  refusesEmpty,
  serve,
  stream,
  USAGE,
} from '../../support/servers/serve.ts';

/** Groq: 413 for what is beyond a minute's tokens, 498 when it is full, usage in a field of its own. */
function groq(full: { times: number }): Promise<Fake> {
  return serve(
    {
      '/openai/v1/chat/completions': (asked, res) => {
        if (refusesEmpty(asked, res)) return;
        const { body } = asked;
        if (full.times-- > 0)
          return json(
            res,
            498,
            error('Flex tier capacity exceeded', { type: 'capacity_exceeded', code: 'capacity_exceeded' }),
          );
        if (JSON.stringify(body.messages).length > 6_000)
          return json(
            res,
            413,
            error(
              'Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 8000',
              { type: 'tokens', code: 'rate_limit_exceeded' },
            ),
          );
        const send = stream(res);
        send(chunk({ role: 'assistant', content: '' }, null, { x_groq: { id: 'req_1' } }));
        send(chunk({ content: 'Quick.' }));
        send(chunk({}, 'stop', { x_groq: { id: 'req_1', usage: USAGE } }));
        res.end(DONE);
      },
    },
    (_, res) => json(res, 404, error('Unknown request URL', { code: 'unknown_url' })),
  );
}

describe('Groq', () => {
  const full = { times: 0 };
  let engine: Engine;
  beginEngine(
    () => groq(full),
    (origin) => local('groq', `${origin}/openai/v1`),
    (begun) => ({ engine } = begun),
  );

  it('answers, counted, and is healthy', async () => {
    expect(await engine.ask()).to.include({ status: 'completed', content: 'Quick.', total_tokens: 18 });
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('is asked again when it is full', async () => {
    full.times = 2;
    expect(await engine.ask()).to.include({ status: 'completed', retries: 2 });
    expect(engine.failures()[0]).to.include({ trouble: 'unavailable', code: 'provider_unavailable' });
  });

  it('shrinks a prompt that exceeds its minute, and does not wait', async () => {
    full.times = 0;
    const run = await engine.ask(`tell ${'much '.repeat(1_500)}`);
    expect(run).to.include({ status: 'completed', retries: 0, attempt: 2 });
    expect(run.context.shrunk).to.equal(true);
  });

  it('embeds nothing and moderates nothing, and says so', async () => {
    engine.configure({ MODERATION_MODEL: 'local/any', EMBEDDING_MODEL: 'local/any' });
    const { providers } = await engine.health();
    expect(providers.moderation).to.equal('unhealthy: not_supported, see MODERATION_MODEL');
    expect(providers.embedding).to.equal('unhealthy: not_supported, see EMBEDDING_MODEL');
  });
});
