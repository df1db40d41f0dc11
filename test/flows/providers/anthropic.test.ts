import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import {
  chunk,
  DONE,
  type Fake,
  json,
  refusesEmpty,
  serve,
  stream,
  USAGE,
} from '../../support/servers/serve.ts';

const claude = (type: string, message: string) => ({ type: 'error', error: { type, message } });

/** Anthropic's layer for OpenAI's wire: its own errors, pings, a 529 when it is overloaded. */
function anthropic(overloaded: { times: number }): Promise<Fake> {
  return serve({
    '/v1/chat/completions': (asked, res) => {
      const { body, headers } = asked;
      if (headers.authorization !== 'Bearer key')
        return json(res, 401, claude('authentication_error', 'invalid x-api-key'));
      if (refusesEmpty(asked, res)) return;
      if (body.model === 'gone') return json(res, 404, claude('not_found_error', 'model: gone'));
      if (body.model === 'poor')
        return json(
          res,
          400,
          claude('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
        );
      if (overloaded.times-- > 0) return json(res, 529, claude('overloaded_error', 'Overloaded'));
      if (JSON.stringify(body.messages).length > 6_000)
        return json(
          res,
          400,
          claude('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
        );
      const send = stream(res);
      send('event: ping\ndata: {"type": "ping"}\n\n');
      send(chunk({ role: 'assistant', content: '' }));
      send(chunk({ content: 'I am ' }));
      if (body.model === 'late') {
        send(
          'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
        );
        return void res.end();
      }
      send(chunk({ content: 'Claude.' }));
      send(chunk({}, 'end_turn'));
      send({ ...chunk({}), choices: [], usage: USAGE });
      res.end(DONE);
    },
  });
}

describe('Anthropic', () => {
  const overloaded = { times: 0 };
  let engine: Engine;
  beginEngine(
    () => anthropic(overloaded),
    (origin) => local('anthropic', `${origin}/v1`),
    (begun) => ({ engine } = begun),
  );

  it('answers through pings and is healthy', async () => {
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'I am Claude.',
      finish_reason: 'stop',
      total_tokens: 18,
    });
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('is asked again when it is overloaded, at once or in the middle', async () => {
    overloaded.times = 2;
    expect(await engine.ask()).to.include({ status: 'completed', retries: 2 });
    engine.configure({ CHAT_MODEL: 'local/late' });
    expect(await engine.ask()).to.include({
      status: 'failed',
      error_code: 'provider_unavailable',
      retries: 4,
    });
  });

  it('shrinks a prompt that is too long', async () => {
    engine.configure({ CHAT_MODEL: 'local/claude' });
    expect((await engine.ask(`tell ${'much '.repeat(1_500)}`)).context.shrunk).to.equal(true);
  });

  for (const [model, code] of [
    ['gone', 'model_not_found'],
    ['poor', 'provider_quota'],
  ] as const) {
    it(`fails with ${code}`, async () => {
      engine.configure({ CHAT_MODEL: `local/${model}` });
      expect(await engine.ask()).to.include({ status: 'failed', error_code: code, retries: 0 });
      expect(engine.failures().at(-1)).to.include({ role: 'chat', provider: 'local', code });
    });
  }
});
