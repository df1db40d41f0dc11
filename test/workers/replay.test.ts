import { expect } from 'chai';
import { askAgain } from '../../shared/replays/replay.ts';
import { Engine, QUESTION } from '../support/servers/engine.ts';
import { embeddings, type Fake, moderations, say, serve } from '../support/servers/serve.ts';

describe('a replay of which the model makes too much', () => {
  let fake: Fake;
  let engine: Engine;
  let answers = true;
  before(async () => {
    fake = await serve({
      '/v1/chat/completions': ({ body }, res) => {
        if (answers) say(res, body, 'It is behind the house');
      },
      '/v1/embeddings': embeddings,
      '/v1/moderations': moderations,
    });
    engine = await Engine.begin({ OPENAI_BASE_URL: `${fake.origin}/v1`, OPENAI_API_KEY: 'x' });
  });
  after(async () => {
    await engine.end();
    await fake.stop();
  });

  it('ends after some time, so that nobody is asked for ever', async () => {
    const { run_id } = await engine.ask(QUESTION);
    const asked = { assistant_version: null, model: null };
    expect(await askAgain(run_id, asked)).to.include({ status: 'completed', error_code: null });
    answers = false;
    expect(await askAgain(run_id, asked, 50)).to.include({
      status: 'failed',
      error_code: 'provider_timeout',
    });
  });
});
