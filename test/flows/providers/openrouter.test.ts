import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import {
  chunk,
  DONE,
  type Fake,
  json,
  refusesEmpty,
  say,
  serve,
  stream,
} from '../../support/servers/serve.ts';

const refusal = (code: number, message: string, metadata?: object) => ({
  error: { code, message, ...(metadata && { metadata }) },
});

/** OpenRouter: comments while it works, moderation as 403, errors in the middle of a stream. */
function openrouter(): Promise<Fake> {
  let broken = 1;
  return serve({
    '/api/v1/chat/completions': async (asked, res) => {
      if (refusesEmpty(asked, res)) return;
      const { model } = asked.body;
      if (model === 'spent')
        return json(
          res,
          402,
          refusal(402, 'Insufficient credits. Add more using https://openrouter.ai/credits'),
        );
      if (model === 'gone') return json(res, 400, refusal(400, 'gone is not a valid model ID'));
      if (model === 'moderated')
        return json(
          res,
          403,
          refusal(403, 'moderated requires moderation. Your input was flagged', {
            reasons: ['violence'],
            flagged_input: 'the text',
          }),
        );
      if (model === 'thinker') {
        const send = stream(res);
        for (let i = 0; i < 8; i += 1) {
          send(': OPENROUTER PROCESSING\n\n');
          await sleep(60);
        }
        for (let i = 0; i < 8; i += 1) {
          send(chunk({ content: '', reasoning: 'hm' }));
          await sleep(60);
        }
        send(chunk({ content: 'Well thought.' }));
        send(chunk({ content: '' }, 'stop'));
        return void res.end(DONE);
      }
      if (model === 'breaking' && broken-- > 0) {
        const send = stream(res);
        send(chunk({ content: 'Half an' }));
        send({
          ...chunk({ content: '' }, 'error'),
          error: { code: 502, message: 'Provider disconnected unexpectedly' },
        });
        return void res.end(DONE);
      }
      if (model === 'refused-late') {
        const send = stream(res);
        send(': OPENROUTER PROCESSING\n\n');
        send({ ...chunk({ content: '' }, 'error'), error: { code: 402, message: 'Insufficient credits' } });
        return void res.end();
      }
      say(res, asked.body);
    },
  });
}

describe('OpenRouter', () => {
  let fake: Fake;
  let engine: Engine;
  const use = (model: string, more = {}) => engine.configure({ CHAT_MODEL: `local/${model}`, ...more });
  beginEngine(
    openrouter,
    (origin) => local('openrouter', `${origin}/api/v1`, { CHAT_MODEL: 'local/openai/gpt-4o' }),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers under a model name with a slash, and is healthy', async () => {
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'Hello from the model with 1 passages.',
      model: 'local/openai/gpt-4o',
    });
    expect(fake.chats()[0]?.body.model).to.equal('openai/gpt-4o');
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('is alive while it comments and reasons, and neither is shown', async () => {
    use('thinker', { PROVIDER_LOCAL_FIRST_BYTE_TIMEOUT_MS: '500', PROVIDER_LOCAL_SILENCE_TIMEOUT_MS: '400' });
    expect(await engine.ask()).to.include({ status: 'completed', content: 'Well thought.', retries: 0 });
    use('thinker', { PROVIDER_LOCAL_FIRST_BYTE_TIMEOUT_MS: '', PROVIDER_LOCAL_SILENCE_TIMEOUT_MS: '' });
  });

  it('is asked again after an error in the middle of a stream, which holds nobody else back', async () => {
    use('breaking');
    const seen: unknown[] = [];
    const run = await engine.ask('break', null, {
      between: async () => void seen.push(await engine.breakerKeys()),
    });
    expect(run).to.include({
      status: 'completed',
      content: 'Hello from the model with 0 passages.',
      retries: 1,
    });
    expect(seen).to.deep.equal([[]]);
  });

  it('fails by one call where the stream says what a status would have', async () => {
    use('refused-late');
    fake.asked.length = 0;
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'provider_quota', retries: 0 });
    expect(fake.chats()).to.have.length(1);
  });

  it('answers politely after its moderation', async () => {
    use('moderated');
    const run = await engine.ask();
    expect(run).to.include({ status: 'completed', finish_reason: 'content_filter' });
    expect(run.content).to.match(/^I'm sorry/);
  });

  for (const [model, code] of [
    ['spent', 'provider_quota'],
    ['gone', 'model_not_found'],
  ] as const) {
    it(`fails with ${code} where the model is ${model}`, async () => {
      use(model);
      expect(await engine.ask()).to.include({ status: 'failed', error_code: code, retries: 0 });
      expect((await engine.health()).providers.chat).to.match(new RegExp(`^unhealthy: ${code}`));
    });
  }
});
