import { setTimeout as sleep } from 'node:timers/promises';
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

/** DeepSeek: reasoning beside the text, keep-alives while it is busy, an ending of its own where it breaks off. */
function deepseek(short: { times: number }): Promise<Fake> {
  return serve({
    '/chat/completions': async (asked, res) => {
      if (refusesEmpty(asked, res)) return;
      const { body } = asked;
      if (body.model === 'poor')
        return json(
          res,
          402,
          error('Insufficient Balance', { type: 'unknown_error', code: 'invalid_request_error' }),
        );
      if (body.model === 'gone')
        return json(res, 400, error('Model Not Exist', { code: 'invalid_request_error' }));
      const send = stream(res);
      for (let i = 0; i < 6; i += 1) {
        send(': keep-alive\n\n');
        await sleep(50);
      }
      for (const piece of ['First ', 'this, ', 'then that.'])
        send(chunk({ content: null, reasoning_content: piece }));
      if (body.model === 'thinks-only') {
        send(chunk({ content: '', reasoning_content: null }, 'length', { usage: USAGE }));
        return void res.end(DONE);
      }
      send(chunk({ content: 'The ', reasoning_content: null }));
      if (short.times-- > 0) {
        send(chunk({ content: '' }, 'insufficient_system_resource'));
        return void res.end(DONE);
      }
      send(chunk({ content: 'answer.' }));
      send(chunk({ content: '', reasoning_content: null }, 'stop', { usage: USAGE }));
      res.end(DONE);
    },
  });
}

describe('DeepSeek', () => {
  const short = { times: 0 };
  let engine: Engine;
  beginEngine(
    () => deepseek(short),
    (origin) => local('deepseek', origin, { CHAT_MODEL: 'local/deepseek-reasoner' }),
    (begun) => ({ engine } = begun),
  );

  it('answers without its reasoning, however long it is busy before, and is healthy', async () => {
    engine.configure({ PROVIDER_LOCAL_SILENCE_TIMEOUT_MS: '250' });
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'The answer.',
      retries: 0,
      total_tokens: 18,
    });
    engine.configure({ PROVIDER_LOCAL_SILENCE_TIMEOUT_MS: '' });
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('is asked again where it ran out of resources in the middle', async () => {
    short.times = 1;
    expect(await engine.ask()).to.include({ status: 'completed', content: 'The answer.', retries: 1 });
  });

  it('fails with no_answer where it spends all tokens on thinking, and says so', async () => {
    engine.configure({ CHAT_MODEL: 'local/thinks-only' });
    const run = await engine.ask();
    expect(run).to.include({ status: 'failed', error_code: 'no_answer', retries: 4, content: '' });
    expect(run.error_message).to.contain('thinking');
    expect(engine.failures().at(-1)).to.include({ code: 'no_answer', model: 'thinks-only' });
  });

  for (const [model, code] of [
    ['poor', 'provider_quota'],
    ['gone', 'model_not_found'],
  ] as const) {
    it(`fails with ${code}`, async () => {
      engine.configure({ CHAT_MODEL: `local/${model}` });
      expect(await engine.ask()).to.include({ status: 'failed', error_code: code, retries: 0 });
    });
  }
});
