import { expect } from 'chai';
import { reconcile } from '../../../workers/housekeeping.ts';
import { beginEngine, type Engine, local } from '../../support/servers/engine.ts';
import { type Body, embeddings, type Fake, json, say, serve } from '../../support/servers/serve.ts';

const problem = (message: string, type: string, code: number) => ({
  object: 'error',
  message,
  type,
  param: null,
  code,
});

/** vLLM: turns must alternate, `dimensions` is refused, what is missing is 422 or 400, errors stand in the body itself. */
function vllm(): Promise<Fake> {
  return serve(
    {
      '/v1/chat/completions': ({ body }, res) => {
        if (body.messages === undefined)
          return json(res, 422, {
            detail: [{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required' }],
          });
        if (body.model !== 'meta-llama/Llama')
          return json(res, 404, problem(`The model \`${body.model}\` does not exist.`, 'NotFoundError', 404));
        if (!alternates(body))
          return json(
            res,
            400,
            problem(
              'Conversation roles must alternate user/assistant/user/assistant/...',
              'BadRequestError',
              400,
            ),
          );
        const length = JSON.stringify(body.messages).length;
        if (length > 6_000)
          return json(
            res,
            400,
            problem(
              `This model's maximum context length is 2048 tokens. However, you requested ${length} tokens (1000 in the completion). Please reduce the length of the messages or max_tokens.`,
              'BadRequestError',
              400,
            ),
          );
        say(res, body);
      },
      '/v1/embeddings': (asked, res) => {
        if ('dimensions' in asked.body)
          return json(
            res,
            400,
            problem(
              'Model "e5" does not support matryoshka representation, changing output dimensions will lead to poor results.',
              'BadRequestError',
              400,
            ),
          );
        return embeddings(asked, res);
      },
    },
    (_, res) => json(res, 404, { detail: 'Not Found' }),
  );
}

function alternates({ messages = [] }: Body): boolean {
  const turns = messages.filter(({ role }) => role !== 'system').map(({ role }) => role);
  return turns.every((role, i) => role === (i % 2 === 0 ? 'user' : 'assistant'));
}

describe('vLLM', () => {
  let fake: Fake;
  let engine: Engine;
  const env = (more = {}, origin = fake.origin) =>
    local('vllm', `${origin}/v1`, {
      CHAT_MODEL: 'local/meta-llama/Llama',
      EMBEDDING_MODEL: 'local/intfloat/e5',
      ...more,
    });
  beginEngine(
    vllm,
    (origin) => env({}, origin),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers with passages and is healthy', async () => {
    expect(await engine.ask()).to.include({
      status: 'completed',
      content: 'Hello from the model with 1 passages.',
    });
    expect((await engine.health()).status).to.equal('healthy');
    expect(engine.failures()).to.deep.equal([]);
  });

  it('gets strict turns after an answer that failed', async () => {
    engine.configure(env({ CHAT_MODEL: 'local/gone' }));
    const failed = await engine.ask('first');
    expect(failed).to.include({ status: 'failed', error_code: 'model_not_found' });
    engine.configure(env());
    expect(await engine.ask('second', failed.conversation_id)).to.include({
      status: 'completed',
      retries: 0,
    });
    const asked = fake.chats().at(-1)?.body.messages?.slice(1);
    expect(asked).to.deep.equal([{ role: 'user', content: 'first\n\nsecond' }]);
  });

  it('gets strict turns from a server whose kind nobody knows, once it refused others', async () => {
    engine.configure({
      ...env(),
      PROVIDERS: '',
      OPENAI_BASE_URL: `${fake.origin}/v1`,
      CHAT_MODEL: 'gone',
      EMBEDDING_MODEL: 'off',
    });
    const failed = await engine.ask('first');
    engine.configure({ CHAT_MODEL: 'meta-llama/Llama' });
    expect(await engine.ask('second', failed.conversation_id)).to.include({
      status: 'completed',
      retries: 0,
      attempt: 1,
    });
    expect(engine.logs.find(({ refused }) => refused === 'turns')).to.include({ provider: 'openai' });
    engine.configure(env());
  });

  it('shrinks a prompt that is too long once', async () => {
    const long = await engine.ask(`tell me ${'much '.repeat(700)}`);
    const run = await engine.ask(`and ${'more '.repeat(600)}`, long.conversation_id);
    expect(run).to.include({ status: 'completed', retries: 0 });
    expect(run.context).to.include({ shrunk: true });
  });

  it('embeds without dimensions, which it refuses once where they are demanded', async () => {
    engine.configure(env({ EMBEDDING_DIMENSIONS: '1536' }));
    // The set that serves learns here that its dimension is demanded now.
    await reconcile(0);
    fake.asked.length = 0;
    expect((await engine.ask('Where is the workshop for bicycles?')).context.passages).to.have.length(1);
    await engine.ask('Where is a bicycle workshop, please?');
    const embedded = fake.asked.filter(({ path }) => path === '/v1/embeddings');
    expect(embedded.map(({ body }) => 'dimensions' in body)).to.deep.equal([true, false, false]);
  });
});
