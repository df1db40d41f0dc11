import { expect } from 'chai';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import { chunk, DONE, type Fake, json, serve, stream, USAGE } from '../../support/servers/serve.ts';

const KNOWN = ['model', 'messages', 'max_tokens', 'temperature', 'stream'];

/** Mistral: refuses fields that it does not know with 422, counts without being asked, sends lists of parts. */
function mistral(): Promise<Fake> {
  return serve({
    '/v1/chat/completions': ({ body, headers }, res) => {
      if (headers.authorization !== 'Bearer key') return json(res, 401, { detail: 'Unauthorized' });
      const detail = Object.keys(body)
        .filter((field) => !KNOWN.includes(field))
        .map((field) => ({
          type: 'extra_forbidden',
          loc: ['body', field],
          msg: 'Extra inputs are not permitted',
        }));
      if (body.messages === undefined)
        detail.push({ type: 'missing', loc: ['body', 'messages'], msg: 'Field required' });
      if (detail.length > 0)
        return json(res, 422, {
          object: 'error',
          message: { detail },
          type: 'invalid_request_error',
          code: null,
        });
      if (body.model === 'gone')
        return json(res, 400, {
          object: 'error',
          message: 'Invalid model: gone',
          type: 'invalid_model',
          param: null,
          code: '1500',
        });
      const send = stream(res);
      send(chunk({ role: 'assistant', content: '' }));
      send(
        chunk({
          content: [
            { type: 'text', text: 'Bonjour ' },
            { type: 'reference', reference_ids: [1] },
          ],
        }),
      );
      send(chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }));
      send(chunk({ content: 'le monde.' }));
      send(chunk({ content: '' }, body.model === 'short' ? 'model_length' : 'stop', { usage: USAGE }));
      res.end(DONE);
    },
  });
}

describe('Mistral', () => {
  let fake: Fake;
  let engine: Engine;
  beginEngine(
    mistral,
    (origin) => local('mistral', `${origin}/v1`),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers in parts, counted, by one call, and is healthy', async () => {
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'Bonjour le monde.',
      total_tokens: 18,
    });
    expect(fake.chats()).to.have.length(1);
    expect((await engine.health()).status).to.equal('healthy');
  });

  it('answers where nobody says that it is Mistral, after it refused two fields', async () => {
    engine.configure({ PROVIDER_LOCAL_KIND: 'openai' });
    fake.asked.length = 0;
    expect(await engine.ask()).to.include({ status: 'completed', retries: 0, attempt: 1 });
    const fields = engine.logs.filter(({ refused }) => refused).map(({ refused }) => refused);
    expect(fields).to.have.members(['max_completion_tokens', 'stream_options']);
    expect(fake.chats()).to.have.length(3);
    engine.configure({ PROVIDER_LOCAL_KIND: 'mistral' });
  });

  it('has an answer that ran out of the model’s length kept as incomplete', async () => {
    engine.configure({ CHAT_MODEL: 'local/short' });
    expect(await engine.ask()).to.include({ status: 'incomplete', finish_reason: 'length' });
  });

  it('fails with model_not_found, and with provider_key', async () => {
    engine.configure({ CHAT_MODEL: 'local/gone' });
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'model_not_found' });
    engine.configure({ CHAT_MODEL: 'local/large', PROVIDER_LOCAL_KEY: 'wrong' });
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'provider_key' });
    expect(engine.failures().at(-1)).to.include({ provider: 'local', model: 'large', code: 'provider_key' });
  });
});
