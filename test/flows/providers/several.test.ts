import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { forgetAskedLast } from '../../../workers/completion/breaker.ts';
import { Engine } from '../../support/servers/engine.ts';
import {
  chunk,
  DONE,
  embeddings,
  type Fake,
  json,
  moderations,
  refusesEmpty,
  say,
  serve,
  stream,
  USAGE,
} from '../../support/servers/serve.ts';

describe('several providers at once', () => {
  let local: Fake;
  let cloud: Fake;
  let engine: Engine;
  let [busy, breaks, limits] = [0, 0, 0];
  before(async () => {
    local = await serve({
      '/v1/chat/completions': async (asked, res) => {
        if (refusesEmpty(asked, res)) return;
        if (busy-- > 0) return json(res, 429, { error: { message: 'busy' } }, { 'retry-after': '3' });
        if (asked.body.model === 'thinker') {
          const send = stream(res);
          for (let i = 0; i < 15; i += 1) {
            send(chunk({ reasoning_content: 'hm' }));
            await sleep(50);
          }
          send(chunk({ content: 'Thought for long.' }, 'stop', { usage: USAGE }));
          return void res.end(DONE);
        }
        if (limits > 0) {
          limits -= 1;
          stream(res)({ error: { code: 429, message: 'Slow down' } });
          return void res.end();
        }
        if (breaks-- > 0) {
          const send = stream(res);
          send(chunk({ content: 'Half an ' }));
          await sleep(100);
          send({ error: { code: 402, message: 'Insufficient credits' } });
          return void res.end();
        }
        say(res, asked.body, 'From here.');
      },
      '/v1/embeddings': embeddings,
    });
    cloud = await serve({
      '/v1/chat/completions': (asked, res) => {
        if (!refusesEmpty(asked, res)) say(res, asked.body, 'From there.');
      },
      '/v1/moderations': moderations,
    });
    engine = await Engine.begin({
      PROVIDERS: 'local,cloud',
      PROVIDER_LOCAL_URL: `${local.origin}/v1`,
      PROVIDER_LOCAL_KIND: 'ollama',
      PROVIDER_CLOUD_URL: `${cloud.origin}/v1`,
      PROVIDER_CLOUD_KEY: 'secret',
      PROVIDER_CLOUD_HEADERS: '{"x-team":"blue"}',
      PROVIDER_CLOUD_QUERY: 'v=2',
      CHAT_MODEL: 'local/llama',
      CHAT_MODEL_FALLBACK: 'cloud/big',
      EMBEDDING_MODEL: 'local/nomic',
      EMBEDDING_QUERY_PREFIX: 'search_query: ',
      MODERATION_MODEL: 'cloud/judge',
    });
  });
  after(async () => {
    await engine.end();
    await local.stop();
    await cloud.stop();
  });

  it('do each what they are asked for', async () => {
    const run = await engine.ask();
    expect(run).to.include({ status: 'completed', content: 'From here.', model: 'local/llama' });
    expect(run.context.passages).to.have.length(1);
    expect(cloud.asked.map(({ path }) => path)).to.deep.equal(['/v1/moderations']);
    expect(cloud.asked[0]?.headers).to.include({ authorization: 'Bearer secret', 'x-team': 'blue' });
    expect(cloud.asked[0]?.query.get('v')).to.equal('2');
    const inputs = local.asked
      .filter(({ path }) => path === '/v1/embeddings')
      .map(({ body }) => String(body.input));
    expect(inputs.at(-1)).to.match(/^search_query: Where/);
    expect(local.asked[0]?.headers.authorization).to.equal(undefined);
  });

  it('take over from each other while one is busy', async () => {
    busy = 1;
    const seen: string[] = [];
    const run = await engine.ask('first', null, {
      keepBreakers: true,
      between: async () => void seen.push('back'),
    });
    expect(run).to.include({ status: 'completed', content: 'From there.', model: 'cloud/big', retries: 0 });
    expect(seen).to.have.length(1);
    await engine.forgetBreakers();
  });

  it('take over from each other when one says within a stream that it is busy', async () => {
    limits = 100;
    const run = await engine.ask('third', null, { keepBreakers: true });
    expect(run).to.include({ status: 'completed', content: 'From there.', model: 'cloud/big', retries: 0 });
    expect(limits).to.equal(99);
    limits = 0;
    forgetAskedLast();
    await engine.forgetBreakers();
  });

  it('take over from each other after text was shown, which is taken back', async () => {
    breaks = 1;
    const run = await engine.ask('second');
    expect(run).to.include({ status: 'completed', content: 'From there.', model: 'cloud/big', attempt: 2 });
  });

  it('may think for as long as bytes come', async () => {
    engine.configure({
      CHAT_MODEL: 'local/thinker',
      PROVIDER_LOCAL_FIRST_BYTE_TIMEOUT_MS: '400',
      PROVIDER_LOCAL_SILENCE_TIMEOUT_MS: '400',
    });
    expect(await engine.ask('third')).to.include({
      status: 'completed',
      content: 'Thought for long.',
      retries: 0,
    });
    engine.configure({ PROVIDER_LOCAL_ANSWER_TIMEOUT_MS: '300', CHAT_MODEL_FALLBACK: '' });
    expect(await engine.ask('fourth')).to.include({
      status: 'failed',
      error_code: 'provider_timeout',
      retries: 4,
    });
  });
});
