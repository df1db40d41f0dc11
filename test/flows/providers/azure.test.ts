import { expect } from 'chai';
import { debts } from '../../../db/models/owed.ts';
import { rows } from '../../../db/sql.ts';
import { embeddingModel } from '../../../shared/provider/config.ts';
import { reconcile } from '../../../workers/housekeeping.ts';
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

const DEPLOYMENT = '/openai/deployments/gpt4';

/** Azure: a key in a header of its own, a version in the query, a content filter that answers with 400. */
function azure(): Promise<Fake> {
  return serve(
    {
      [`${DEPLOYMENT}/chat/completions`]: (asked, res) => {
        const { headers, query, body } = asked;
        if (headers['api-key'] !== 'key' || headers.authorization !== undefined)
          return json(res, 401, {
            error: { code: '401', message: 'Access denied due to invalid subscription key.' },
          });
        if (!query.has('api-version'))
          return json(res, 404, { error: { code: '404', message: 'Resource not found' } });
        if (refusesEmpty(asked, res)) return;
        if (JSON.stringify(body.messages).includes('jailbreak'))
          return json(res, 400, {
            error: {
              message:
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
              code: 'content_filter',
              status: 400,
              innererror: { code: 'ResponsibleAIPolicyViolation' },
            },
          });
        const send = stream(res);
        send({ ...chunk({}), choices: [], prompt_filter_results: [{ prompt_index: 0 }] });
        send(chunk({ role: 'assistant', content: '', refusal: null }));
        send(chunk({ content: 'Hello from Azure.' }));
        send(chunk({}, 'stop'));
        send({ ...chunk({}), choices: [], usage: USAGE });
        res.end(DONE);
      },
    },
    (_, res) =>
      json(res, 404, {
        error: {
          code: 'DeploymentNotFound',
          message: 'The API deployment for this resource does not exist.',
        },
      }),
  );
}

describe('Azure OpenAI', () => {
  let fake: Fake;
  let engine: Engine;
  beginEngine(
    azure,
    (origin) => local('azure', `${origin}${DEPLOYMENT}`),
    (begun) => ({ fake, engine } = begun),
  );

  it('answers by words alone, without moderation, and is healthy', async () => {
    const run = await engine.ask();
    expect(run).to.include({ status: 'completed', content: 'Hello from Azure.', total_tokens: 18 });
    expect(run.context.passages).to.have.length(1);
    expect(run.context.passages_unavailable).to.equal(false);
    expect(run.moderation).to.deep.include({ flagged: false, model: 'off' });
    expect((await engine.health()).providers).to.deep.equal({
      chat: 'healthy',
      embedding: 'off',
      moderation: 'off',
    });
    expect(engine.failures()).to.deep.equal([]);
  });

  it('owes no vectors and embeds nothing where EMBEDDING_MODEL is off', async () => {
    expect((await reconcile(0)).embeddings).to.equal(0);
    expect(await rows('SELECT * FROM faq_embedding_claims')).to.deep.equal([]);
    expect(await debts(embeddingModel() !== null)).to.include({ faqs: 1, faqs_to_embed: 0 });
    expect(fake.asked.filter(({ path }) => path.endsWith('/embeddings'))).to.deep.equal([]);
  });

  it('answers politely after its content filter, and keeps the message out of later prompts', async () => {
    const run = await engine.ask('a jailbreak');
    expect(run).to.include({ status: 'completed', finish_reason: 'content_filter', retries: 0 });
    expect(run.content).to.match(/^I'm sorry/);
    const next = await engine.ask('And now?', run.conversation_id);
    expect(next).to.include({ status: 'completed', content: 'Hello from Azure.' });
    expect(engine.failures()[0]).to.include({ provider: 'local', code: 'content_filter' });
  });

  it('fails with model_not_found where there is no such deployment', async () => {
    engine.configure(local('azure', `${fake.origin}/openai/deployments/other`));
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'model_not_found', retries: 0 });
    expect((await engine.health()).providers.chat).to.equal('unhealthy: model_not_found, see CHAT_MODEL');
  });

  it('refuses a bearer key', async () => {
    engine.configure(local('azure', `${fake.origin}${DEPLOYMENT}`, { PROVIDER_LOCAL_AUTH: 'bearer' }));
    expect(await engine.ask()).to.include({ status: 'failed', error_code: 'provider_key' });
    expect((await engine.health()).providers.chat).to.equal('unhealthy: provider_key');
  });
});
