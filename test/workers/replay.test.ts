import { expect } from 'chai';
import { askAgain } from '../../shared/replays/replay.ts';
import { beginEngine, type Engine, QUESTION } from '../support/servers/engine.ts';
import { say, serveModel } from '../support/servers/serve.ts';

describe('a replay of which the model makes too much', () => {
  let engine: Engine;
  let answers = true;
  beginEngine(
    () =>
      serveModel(({ body }, res) => {
        if (answers) say(res, body, 'It is behind the house');
      }),
    (origin) => ({ OPENAI_BASE_URL: `${origin}/v1`, OPENAI_API_KEY: 'x' }),
    (begun) => ({ engine } = begun),
  );

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
