import { expect } from 'chai';
import pg from 'pg';
import { toSql } from 'pgvector';
import { knex } from '../../db/knex.ts';
import { migrate } from '../../db/migrate.ts';
import * as vectorsMigration from '../../db/migrations/022_faq_vectors.ts';
import { faqSet, searchFaqs } from '../../db/models/faqSearch.ts';
import { vectorIndexesOwed } from '../../db/models/vectorIndex.ts';
import { rows } from '../../db/sql.ts';
import { redis, untilReady } from '../../shared/redis.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { indexesKept } from '../../workers/housekeeping/vectors.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { syntheticFaq } from '../../scripts/seed/texts.ts';
import { embed } from '../../scripts/standin/embedding.ts';
import { type Embeddings, serveEmbeddings, vectorOf } from '../support/embeddings.ts';
import { configureEmbedding } from '../support/models.ts';
import { itNative } from '../support/native.ts';
import { type Plan, scansOf } from '../support/plans.ts';

const MODEL = 'text-embedding-3-small';

describe('vectors of FAQs', function () {
  this.timeout(60_000);
  let provider: Embeddings;
  before(async () => {
    await untilReady(redis);
    provider = await serveEmbeddings();
  });
  after(async () => {
    await configureEmbedding();
    await provider.stop();
  });
  beforeEach(async () => {
    await knex.raw('TRUNCATE faqs, embedding_models CASCADE');
    await configureEmbedding();
    provider.answer = undefined;
    provider.dimensions = 1_536;
    provider.requests.length = 0;
  });
  afterEach(() => indexesKept());

  const find = async (text: string, dimensions = 1_536) => {
    const set = (await faqSet()).vectors;
    const vectors = set === null ? [] : [{ model: set.key, vector: vectorOf(text, dimensions) }];
    const query = { text: '', vectors, language: null, limit: 3, similarity: 0.3, coverage: 1 };
    return (await searchFaqs(query)).map(({ question }) => question);
  };
  const topics = ['apples', 'bicycles', 'carpets', 'dentists', 'elephants'];
  const addTopics = async (): Promise<number[]> =>
    (
      await knex('faqs')
        .insert(topics.map((topic) => published(`Where are ${topic}?`, topic)))
        .returning('id')
    ).map(({ id }) => id);
  const published = (question: string, slug: string) => ({
    question,
    answer: `Because of ${slug}`,
    slug,
    status: 'published',
    published_at: new Date(),
  });
  const sets = () => knex('embedding_models').orderBy('key').pluck('key');
  const serving = async () => (await faqSet()).vectors?.key;
  /** As if questions of the old set were answered long ago. */
  const later = () =>
    knex('embedding_models')
      .whereNotNull('ready_at')
      .update({ ready_at: knex.raw("ready_at - interval '1 hour'") });

  describe('of another model', () => {
    it('are filled beside those that serve, which stay whole until all are there', async () => {
      const ids = await addTopics();
      provider.dimensions = 768;
      await configureEmbedding({ EMBEDDING_MODEL: 'small' });
      await embedFaqs(ids);
      for (const [model, before, dimensions] of [
        ['middle', 768, 1_536] as const,
        ['large', 1_536, 3_072] as const,
      ]) {
        const old = await serving();
        await configureEmbedding({ EMBEDDING_MODEL: model });
        provider.dimensions = dimensions;
        await reconcile(0);
        expect(await serving()).to.equal(old);
        for (const id of ids) {
          await embedFaqs([id]);
          expect(await serving()).to.equal(old);
          for (const topic of topics)
            expect(await find(topic, before)).to.deep.equal([`Where are ${topic}?`]);
        }
        await reconcile(0);
        expect(await serving()).to.equal(model);
        for (const topic of topics)
          expect(await find(topic, dimensions)).to.deep.equal([`Where are ${topic}?`]);
        expect(await sets()).to.have.members([old, model]);
        await later();
        await reconcile(0);
        expect(await sets()).to.deep.equal([model]);
        expect(await knex('faq_vectors').distinct('model').pluck('model')).to.deep.equal([model]);
      }
    });

    it('are embedded for edits too while both are there', async () => {
      const ids = await addTopics();
      await embedFaqs(ids);
      await configureEmbedding({ EMBEDDING_MODEL: 'next' });
      await reconcile(0);
      const [id = 0] = ids;
      await knex('faqs').where({ id }).update({ question: 'Where are zebras?' });
      await embedFaqs([id]);
      expect(await find('zebras')).to.deep.equal(['Where are zebras?']);
      expect(await knex('faq_vectors').where({ faq_id: id, model: 'next' })).to.have.length(2);
    });

    it('serve without a text that was refused twice, and never without most of them', async () => {
      const ids = await addTopics();
      await embedFaqs(ids);
      await configureEmbedding({ EMBEDDING_MODEL: 'next' });
      await reconcile(0);
      const refusals = async (count: number) => {
        provider.answer = async (asked, model) =>
          model === 'next' &&
          topics.slice(0, count).some((topic) => asked.some((text) => text.includes(topic)))
            ? 400
            : undefined;
        for (let i = 0; i < 2; i++) {
          await knex('faq_vectors_owed').update({ due_at: '-infinity' });
          await knex('embedding_models').update({ due_at: '-infinity' });
          await embedFaqs(ids);
          await reconcile(0);
        }
        return serving();
      };
      expect(await refusals(5)).to.equal(MODEL);
      expect(await refusals(2)).to.equal(MODEL);
      expect(await refusals(1)).to.equal('next');
    });

    it('are left alone while a process with the settings of before is alive', async () => {
      await embedFaqs(await addTopics());
      process.env.EMBEDDING_MODEL = 'next';
      const { configure } = await import('../../shared/provider/config.ts');
      configure();
      await reconcile(0);
      expect(await sets()).to.deep.equal([MODEL]);
      await configureEmbedding({ EMBEDDING_MODEL: 'next' });
      await reconcile(0);
      expect(await sets()).to.deep.equal(['next', MODEL]);
    });

    it('are those of before where the settings go back, without embedding anew', async () => {
      const ids = await addTopics();
      await embedFaqs(ids);
      await configureEmbedding({ EMBEDDING_MODEL: 'next' });
      await reconcile(0);
      await embedFaqs(ids.slice(0, 2));
      await configureEmbedding();
      provider.requests.length = 0;
      await reconcile(0);
      await embedFaqs(ids);
      await later();
      await reconcile(0);
      expect(provider.requests).to.deep.equal([]);
      expect(await sets()).to.deep.equal([MODEL]);
    });

    it('are asked of the model anew where EMBEDDING_DIMENSIONS is set, and where it is not any more', async () => {
      const ids = await addTopics();
      await embedFaqs(ids);
      const switchTo = async (settings: Record<string, string>) => {
        await configureEmbedding(settings);
        await reconcile(0);
        await embedFaqs(ids);
        await reconcile(0);
        return (await faqSet()).vectors?.dimensions;
      };
      expect(await switchTo({ EMBEDDING_DIMENSIONS: '1536' })).to.equal(1_536);
      expect(await sets(), 'the same vectors').to.deep.equal([MODEL]);
      expect(await switchTo({ EMBEDDING_DIMENSIONS: '512' })).to.equal(512);
      await later();
      await reconcile(0);
      expect(await switchTo({})).to.equal(1_536);
      expect(provider.requests.at(-1)).not.to.have.property('dimensions');
    });

    it('with EMBEDDING_MODEL=off nothing is owed, and the vectors are there when it is on again', async () => {
      const ids = await addTopics();
      await embedFaqs(ids);
      await configureEmbedding({ EMBEDDING_MODEL: 'off' });
      const [id = 0] = ids;
      await knex('faqs').where({ id }).update({ answer: 'Edited.' });
      provider.requests.length = 0;
      expect(await reconcile(0)).to.include({ embeddings: 0 });
      await embedFaqs(ids);
      expect(provider.requests).to.deep.equal([]);
      await configureEmbedding();
      expect(await reconcile(0)).to.include({ embeddings: 1 });
      await embedFaqs(ids);
      expect(provider.requests.map(({ texts }) => texts)).to.deep.equal([['Edited.']]);
    });
  });

  describe('of the release before', () => {
    const columnsOf = (question: string, answer: string) => ({
      question_embedding: toSql(Array.from(embed(question))),
      question_embedding_model: MODEL,
      question_text_hash: knex.raw('md5(?)', [question]),
      answer_embedding: toSql(Array.from(embed(answer))),
      answer_embedding_model: MODEL,
      answer_text_hash: knex.raw('md5(?)', [answer]),
    });
    const upgrade = async () => {
      await vectorsMigration.up(knex);
      await migrate();
    };
    const addAsBefore = async (count: number) => {
      await vectorsMigration.down(knex);
      for (let i = 0; i < count; i++) {
        const faq = published(
          topics[i] === undefined ? syntheticFaq(i).question : `Where are ${topics[i]}?`,
          `slug-${i}`,
        );
        await knex('faqs').insert({ ...faq, ...columnsOf(faq.question, faq.answer) });
      }
      await knex.raw('ANALYZE faqs');
      await upgrade();
    };

    it('serve at once after the migration, are copied and never embedded anew', async () => {
      await addAsBefore(5);
      expect(await knex('faq_vectors').count().first()).to.deep.equal({ count: 0 });
      for (const topic of topics) expect(await find(topic)).to.deep.equal([`Where are ${topic}?`]);
      expect(await reconcile(0)).to.include({ embeddings: 0 });
      expect(await knex('embedding_models').first()).to.include({
        key: MODEL,
        in_columns: false,
        dimensions: 1_536,
      });
      expect(await knex('faq_vectors').count().first()).to.deep.equal({ count: 10 });
      const same = await rows(
        `SELECT FROM faqs f JOIN faq_vectors v ON v.faq_id = f.id WHERE v.vector =
           CASE v.part WHEN 'question' THEN f.question_embedding ELSE f.answer_embedding END`,
      );
      expect(same).to.have.length(10);
      for (const topic of topics) expect(await find(topic)).to.deep.equal([`Where are ${topic}?`]);
      expect(provider.requests).to.deep.equal([]);
    });

    it('are asked for with the dimension that it always named', async () => {
      await addAsBefore(1);
      await reconcile(0);
      const [{ id }] = (await knex('faqs').select('id')) as [{ id: number }];
      await knex('faqs').where({ id }).update({ answer: 'Edited.' });
      await embedFaqs([id]);
      expect(provider.requests).to.deep.equal([{ model: MODEL, texts: ['Edited.'], dimensions: 1_536 }]);
    });

    it('give way to those of another model without being copied', async () => {
      await addAsBefore(5);
      await configureEmbedding({ EMBEDDING_MODEL: 'next' });
      provider.dimensions = 64;
      await reconcile(0);
      for (const topic of topics) expect(await find(topic)).to.deep.equal([`Where are ${topic}?`]);
      await embedFaqs(await knex('faqs').pluck('id'));
      await reconcile(0);
      expect(await serving()).to.equal('next');
      for (const topic of topics) expect(await find(topic, 64)).to.deep.equal([`Where are ${topic}?`]);
    });

    it('are copied when it writes them beside this one', async () => {
      const faq = published('Where are walls?', 'walls');
      const [{ id }] = (await knex('faqs').insert(faq).returning('id')) as [{ id: number }];
      await knex('faqs').where({ id }).update(columnsOf(faq.question, faq.answer));
      expect(await find('walls')).to.deep.equal(['Where are walls?']);
      await knex('faqs').where({ id }).update({ question: 'Where are doors?' });
      expect(await find('walls')).to.deep.equal(['Where are doors?']);
      await knex('faqs').where({ id }).update(columnsOf('Where are doors?', faq.answer));
      expect(await find('doors')).to.deep.equal(['Where are doors?']);
      await reconcile(0);
      await embedFaqs([id]);
      expect(provider.requests).to.deep.equal([]);
    });

    it('are found by its own search', async () => {
      await addAsBefore(5);
      await reconcile(0);
      const found = await rows<{ question: string }>(
        `SELECT * FROM search_faqs('', ARRAY['${MODEL}'], ARRAY[CAST(:vector AS vector)], NULL, 3, 0.3, 1)`,
        { vector: toSql(vectorOf('carpets', 1_536)) as string },
      );
      expect(found.map(({ question }) => question)).to.deep.equal(['Where are carpets?']);
    });

    itNative('wait for the index where there are many, and serve meanwhile', async () => {
      await addAsBefore(320);
      await reconcile(0);
      expect((await knex('embedding_models').first()).in_columns).to.equal(true);
      for (const topic of topics) expect((await find(topic))[0]).to.equal(`Where are ${topic}?`);
      await indexesKept();
      await reconcile(0);
      expect((await knex('embedding_models').first()).in_columns).to.equal(false);
      for (const topic of topics) expect((await find(topic))[0]).to.equal(`Where are ${topic}?`);
      expect(provider.requests).to.deep.equal([]);
    });
  });

  describe('in an index', () => {
    const fill = async (dimensions: number, count = 320) => {
      await rows(
        `INSERT INTO faqs (question, answer, slug, status, published_at)
         SELECT 'Question ' || n, 'Answer ' || n, 'made-' || n, 'published', now()
         FROM generate_series(1, CAST(:count AS integer)) AS n`,
        { count },
      );
      await knex.raw('ANALYZE faqs');
      provider.answer = async (asked) => asked.map((text) => scattered(text, dimensions));
      await embedFaqs(await knex('faqs').pluck('id'));
    };
    /** Texts that are alike have vectors that are not: what is nearest is known. */
    const scattered = (text: string, dimensions: number) => {
      let state = [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
      return Array.from({ length: dimensions }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32 - 0.5;
      });
    };
    const explain = async (dimensions: number, mode: string) => {
      const client = new pg.Client(process.env.DATABASE_URL);
      await client.connect();
      try {
        const [{ sql = '' } = {}] = (await client.query(`SELECT faq_vectors_walk(${dimensions}) AS sql`))
          .rows as { sql?: string }[];
        await client.query(`SET plan_cache_mode = ${mode}`);
        await client.query('SET enable_sort = off');
        await client.query(`PREPARE walk (vector, text, integer) AS ${sql}`);
        const vector = toSql(scattered('Question 7', dimensions));
        const { rows: plans } = await client.query(
          `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE walk ('${vector}', 'of-${dimensions}', 40)`,
        );
        return scansOf(plans[0]['QUERY PLAN'][0].Plan as Plan);
      } finally {
        await client.end();
      }
    };

    for (const dimensions of [768, 1_536, 3_072, 4_096]) {
      itNative(
        `of ${dimensions} dimensions: housekeeping builds it, any plan uses it, search finds by it`,
        async () => {
          await configureEmbedding({ EMBEDDING_MODEL: `of-${dimensions}` });
          await fill(dimensions);
          await reconcile(0);
          await indexesKept();
          const [{ whole } = {}] = await rows<{ whole: boolean }>(
            'SELECT faq_vectors_indexed(:dimensions) AS whole',
            { dimensions },
          );
          expect(whole).to.equal(true);
          for (const mode of ['force_generic_plan', 'force_custom_plan']) {
            const vectors = (await explain(dimensions, mode)).filter(
              (scan) => scan['Relation Name'] === 'faq_vectors',
            );
            expect(
              vectors.map((scan) => scan['Index Name']),
              mode,
            ).to.deep.equal([`faq_vectors_hnsw_${dimensions}`]);
          }
          for (const n of [1, 77, 320]) {
            const vectors = [{ model: `of-${dimensions}`, vector: scattered(`Answer ${n}`, dimensions) }];
            const query = { text: '', vectors, language: null, limit: 3, similarity: 0.9, coverage: 1 };
            expect((await searchFaqs(query)).map(({ question }) => question)).to.deep.equal([
              `Question ${n}`,
            ]);
          }
        },
      );
    }

    itNative(
      'are dropped from it with their set, and the index goes with the last of its dimension',
      async () => {
        await configureEmbedding({ EMBEDDING_MODEL: 'of-8' });
        await fill(8);
        await reconcile(0);
        await indexesKept();
        await configureEmbedding({ EMBEDDING_MODEL: 'of-16' });
        provider.answer = async (asked) => asked.map((text) => scattered(text, 16));
        await reconcile(0);
        await embedFaqs(await knex('faqs').pluck('id'));
        await reconcile(0);
        expect(await serving(), 'before there is an index').to.equal('of-8');
        await indexesKept();
        await reconcile(0);
        expect(await serving()).to.equal('of-16');
        await later();
        do {
          await reconcile(0);
          await indexesKept();
        } while ((await vectorIndexesOwed()).length > 0);
        const left = await rows<{ name: string }>(
          "SELECT relname AS name FROM pg_class WHERE relname LIKE 'faq_vectors_hnsw_%' AND relname IN ('faq_vectors_hnsw_8', 'faq_vectors_hnsw_16')",
        );
        expect(left.map(({ name }) => name)).to.deep.equal(['faq_vectors_hnsw_16']);
      },
    );

    itNative('that was left broken is built anew', async () => {
      await configureEmbedding({ EMBEDDING_MODEL: 'of-32' });
      await fill(32);
      await reconcile(0);
      await indexesKept();
      await knex.raw(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'faq_vectors_hnsw_32'::regclass",
      );
      await reconcile(0);
      await indexesKept();
      const [{ whole } = {}] = await rows<{ whole: boolean }>('SELECT faq_vectors_indexed(32) AS whole');
      expect(whole).to.equal(true);
    });
  });
});
