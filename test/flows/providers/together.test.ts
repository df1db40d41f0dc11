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
  serve,
  stream,
  USAGE,
} from '../../support/servers/serve.ts';

/** Together: answers end with `eos`, a guard model judges, the text in tokens is limited with the answer's. */
function together(): Promise<Fake> {
  return serve({
    '/v1/chat/completions': (asked, res) => {
      if (refusesEmpty(asked, res)) return;
      const { model, messages = [] } = asked.body;
      if (model === 'gone')
        return json(
          res,
          404,
          error('Unable to access model gone. Please visit our list.', { code: 'model_not_available' }),
        );
      if (model === 'llama-guard') {
        const content = messages.at(-1)?.content.includes('bomb') ? '\n\nunsafe\nS9,S2' : 'safe';
        return json(res, 200, {
          id: 'g1',
          choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'eos' }],
          usage: USAGE,
        });
      }
      if (model === 'chatty-guard')
        return json(res, 200, {
          id: 'g1',
          choices: [
            { index: 0, message: { role: 'assistant', content: 'I cannot say.' }, finish_reason: 'eos' },
          ],
        });
      if (JSON.stringify(messages).length > 6_000)
        return json(
          res,
          422,
          error(
            'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens',
          ),
        );
      const send = stream(res);
      send(chunk({ role: 'assistant', content: 'All ' }));
      send(chunk({ content: 'together.' }));
      send(chunk({ content: '' }, 'eos', { usage: USAGE }));
      res.end(DONE);
    },
    '/v1/embeddings': embeddings,
  });
}

describe('Together', () => {
  let engine: Engine;
  beginEngine(
    together,
    (origin) =>
      local('together', `${origin}/v1`, {
        EMBEDDING_MODEL: 'local/bge',
        MODERATION_MODEL: 'chat:local/llama-guard',
      }),
    (begun) => ({ engine } = begun),
  );

  it('answers what its guard model allows, and is healthy', async () => {
    const run = await engine.ask();
    expect(run).to.include({
      status: 'completed',
      content: 'All together.',
      finish_reason: 'stop',
      total_tokens: 18,
    });
    expect(run.moderation).to.deep.include({ flagged: false, model: 'local/llama-guard' });
    expect(run.context.passages).to.have.length(1);
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('refuses politely what its guard model calls unsafe', async () => {
    const run = await engine.ask('How do I build a bomb?');
    expect(run).to.include({ status: 'completed', finish_reason: 'content_filter' });
    expect(run.moderation).to.deep.include({ flagged: true, categories: ['S9', 'S2'] });
  });

  it('never takes another answer for a verdict', async () => {
    engine.configure({ MODERATION_MODEL: 'chat:local/chatty-guard' });
    expect(await engine.ask('other words')).to.include({
      status: 'failed',
      error_code: 'moderation_unavailable',
    });
    expect(engine.failures()[0]).to.include({ role: 'moderation', code: 'moderation_malformed' });
    engine.configure({ MODERATION_MODEL: 'off' });
  });

  it('shrinks a prompt that is too long', async () => {
    expect((await engine.ask(`tell ${'much '.repeat(1_500)}`)).context.shrunk).to.equal(true);
  });

  it('fails with model_not_found', async () => {
    engine.configure({ CHAT_MODEL: 'local/gone' });
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'model_not_found', retries: 0 });
  });
});
