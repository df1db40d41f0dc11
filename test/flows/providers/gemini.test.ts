import { expect } from 'chai';
import { registry } from '../../../shared/ops/metrics.ts';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import { chunk, DONE, type Fake, json, refusesEmpty, serve, stream } from '../../support/servers/serve.ts';

const google = (code: number, status: string, message: string, details: object[] = []) => [
  { error: { code, status, message, details } },
];

/** Gemini: usage in every chunk, errors in a list, the wait of a 429 in the body. */
function gemini(busy: { times: number }): Promise<Fake> {
  return serve(
    {
      '/v1beta/openai/chat/completions': (asked, res) => {
        const { body, headers } = asked;
        if (headers.authorization !== 'Bearer key')
          return json(
            res,
            400,
            google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
              { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' },
            ]),
          );
        if (refusesEmpty(asked, res)) return;
        if (body.model === 'gone')
          return json(
            res,
            404,
            google(
              404,
              'NOT_FOUND',
              'models/gone is not found for API version v1main, or is not supported for generateContent.',
            ),
          );
        if (busy.times-- > 0)
          return json(
            res,
            429,
            google(
              429,
              'RESOURCE_EXHAUSTED',
              'You exceeded your current quota, please check your plan and billing details.',
              [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '27s' }],
            ),
          );
        const send = stream(res);
        for (let i = 1; i <= 10; i += 1) {
          const usage = { prompt_tokens: 100, completion_tokens: i, total_tokens: 100 + i };
          send(chunk({ role: 'assistant', content: `${i} ` }, i === 10 ? 'stop' : null, { usage }));
        }
        res.end(DONE);
      },
    },
    (_, res) => json(res, 404, ''),
  );
}

describe('Gemini', () => {
  const busy = { times: 0 };
  let engine: Engine;
  beginEngine(
    () => gemini(busy),
    (origin) => local('gemini', `${origin}/v1beta/openai`, { CHAT_MODEL: 'local/gemini-flash' }),
    (begun) => ({ engine } = begun),
  );
  const counted = async () => {
    const { values } = (await registry.getSingleMetric('ai_tokens_used_total')?.get()) ?? { values: [] };
    return values.filter(({ labels }) => labels.model === 'gemini-flash').map(({ value }) => value);
  };

  it('answers, with its tokens counted once, and is healthy', async () => {
    const run = await engine.ask();
    expect(run).to.include({ status: 'completed', content: '1 2 3 4 5 6 7 8 9 10 ', total_tokens: 110 });
    expect(await counted()).to.deep.equal([100, 10]);
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('is left alone as long as its error says, without a try burnt', async () => {
    busy.times = 1;
    const waits: number[] = [];
    const run = await engine.ask('busy', null, { between: async () => void waits.push(engine.lastWait) });
    expect(run).to.include({ status: 'completed', retries: 0, attempt: 2 });
    expect(waits[0]).to.be.within(26_000, 27_000);
  });

  it('fails with provider_key though it says 400, and with model_not_found', async () => {
    engine.configure({ PROVIDER_LOCAL_KEY: 'wrong' });
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'provider_key', retries: 0 });
    expect((await engine.health()).providers.chat).to.equal('unhealthy: provider_key');
    engine.configure({ PROVIDER_LOCAL_KEY: 'key', CHAT_MODEL: 'local/gone' });
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'model_not_found', retries: 0 });
    expect(engine.failures().at(-1)).to.include({
      code: 'model_not_found',
      said: 'the provider answered 404 NOT_FOUND',
    });
  });
});
