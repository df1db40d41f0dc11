import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import { rows } from '../../db/sql.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { startApart, type Stack, WORKERS } from '../support/stack.ts';

const TOPICS = ['apples', 'bicycles', 'carpets', 'dentists', 'elephants'];
/** Those that embed. */
const EMBEDDERS = ['context', 'embedding', 'housekeeping'];

describe('embedding models that change, or are not there', function () {
  this.timeout(180_000);
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;
  afterEach(async () => {
    device.close();
    await stack.stop();
  });

  const start = async (env: Record<string, string>) => {
    await knex.raw('TRUNCATE faqs, embedding_models, conversations CASCADE');
    stack = await startApart(env, ['web', ...WORKERS]);
    user = await buildUser();
    device = await connectDevice(stack.web[0] ?? '', user.access);
  };
  const addFaqs = async () => {
    const agent = await buildUser({ role: 'agent' });
    for (const topic of TOPICS) {
      const faq = { question: `Where are the ${topic}?`, answer: `In room ${topic}.`, status: 'published' };
      expect((await stack.post('/faqs', faq, agent.access)).status).to.equal(201);
    }
  };
  const ask = async (content: string) => {
    const { body } = await stack.post('/chat/send', { content }, user.access);
    const { event, data } = await device.ended(Number(body.run_id));
    return { event, ...(data as { run_id: number; sources: unknown[]; content: string }) };
  };
  const until = async (true_: () => Promise<boolean>) => {
    while (!(await true_())) await new Promise((soon) => setTimeout(soon, 100));
  };
  /** Starts workers with other settings and then ends the old ones, as a deployment does. */
  const redeploy = async (env: Record<string, string>) => {
    const old = EMBEDDERS.map((type) => stack.of(type).at(-1));
    await Promise.all(EMBEDDERS.map((type) => stack.add(type, env)));
    await Promise.all(old.map((one) => one?.stop()));
  };

  it('768 → 1,536 → 3,072 dimensions: every question meanwhile is answered, with its passage, by meaning', async () => {
    await start({ EMBEDDING_MODEL: 'nomic-embed-text' });
    await addFaqs();
    const servedOf = async (dimensions: number) => {
      const { vectors } = await faqSet();
      const owed = await rows('SELECT FROM faq_vectors_owed LIMIT 1');
      return vectors?.dimensions === dimensions && owed.length === 0;
    };
    await until(() => servedOf(768));

    const answers: Awaited<ReturnType<typeof ask>>[] = [];
    let changing = true;
    const asking = (async () => {
      for (let i = 0; changing; i++)
        answers.push(await ask(`Tell me, where are ${TOPICS[i % TOPICS.length]}? ${i}`));
    })();
    await redeploy({ EMBEDDING_MODEL: 'text-embedding-3-small' });
    await until(() => servedOf(1_536));
    await redeploy({ EMBEDDING_MODEL: 'text-embedding-3-large', EMBEDDING_DIMENSIONS: '3072' });
    await until(() => servedOf(3_072));
    changing = false;
    await asking;

    expect(answers.length).to.be.at.least(10);
    for (const [i, { event, content, sources }] of answers.entries()) {
      expect(event).to.equal('response');
      expect(content).to.contain(`In room ${TOPICS[i % TOPICS.length]}.`);
      expect(sources).to.have.length(1);
    }
    const found = await rows<{ blind: boolean; similarity: number }>(
      `SELECT CAST(context ->> 'passages_unavailable' AS boolean) AS blind,
         CAST(context #>> '{passages,0,similarity}' AS float8) AS similarity FROM runs`,
    );
    expect(found.filter(({ blind }) => blind)).to.deep.equal([]);
  });

  it('fails: the passages that hold the question’s words are in the answer', async () => {
    await start({});
    await addFaqs();
    await until(async () => (await rows('SELECT FROM faq_vectors')).length === 4 * TOPICS.length);
    await knex('faqs')
      .where({ answer: 'In room carpets.' })
      .update({ question: 'Carpets, rugs, curtains, pillows?' });
    const { event, content, sources } = await ask('Carpets, rugs, curtains, pillows? [[fail-embeddings]]');
    expect(event).to.equal('response');
    expect(sources).to.have.length(1);
    expect(content).to.contain('In room carpets.');
    const [run] = await rows<{ blind: string }>(
      "SELECT context ->> 'passages_unavailable' AS blind FROM runs",
    );
    expect(run?.blind).to.equal('true');
  });

  it('is off: answers come from the words, no call is made and nothing is owed', async () => {
    await start({ EMBEDDING_MODEL: 'off' });
    await addFaqs();
    const { event, content, sources } = await ask('Where are carpets?');
    expect(event).to.equal('response');
    expect(content).to.contain('In room carpets.');
    expect(sources).to.have.length(1);
    expect((await ask('Who wrote this?')).sources).to.deep.equal([]);
    // Housekeeping chains the audit log after everything else.
    await until(async () => (await rows('SELECT FROM audit_log WHERE chain_seq IS NULL')).length === 0);
    expect(stack.provider.calls().filter(({ path }) => path === '/v1/embeddings')).to.deep.equal([]);
    for (const table of ['embedding_models', 'faq_vectors', 'faq_vectors_owed', 'faq_embedding_claims'])
      expect(await knex(table).count().first(), table).to.deep.equal({ count: 0 });
    const [run] = await rows<{ blind: string }>(
      "SELECT context ->> 'passages_unavailable' AS blind FROM runs",
    );
    expect(run?.blind).to.equal('false');
  });

  it('is not asked where nothing is published', async () => {
    await start({});
    expect((await ask('Where are carpets?')).event).to.equal('response');
    expect(stack.provider.calls().filter(({ path }) => path === '/v1/embeddings')).to.deep.equal([]);
  });
});
