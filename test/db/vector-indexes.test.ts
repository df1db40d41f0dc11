import { expect } from 'chai';
import { toSql } from 'pgvector';
import pg from 'pg';
import { knex } from '../../db/knex.ts';
import { rows } from '../../db/sql.ts';
import { vectorIndexesOwed } from '../../db/models/vectorIndex.ts';
import { embedFaqs } from '../../workers/embedding.ts';
import { indexesKept } from '../../workers/housekeeping/vectors.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { configureEmbedding } from '../support/models.ts';
import { itNative } from '../support/native.ts';
import { searchFaqs } from '../../db/models/faqSearch.ts';
import { type Plan, scansOf } from '../support/plans.ts';
import { later, serving, withEmbeddings } from '../support/vectors.ts';

/** Runs a statement in this test's database as the one who made it. */
async function asSuperuser(sql: string): Promise<void> {
  const url = new URL(process.env.TEST_SERVER ?? '');
  url.pathname = new URL(process.env.DATABASE_URL ?? '').pathname;
  const client = new pg.Client(url.href);
  await client.connect();
  await client.query(sql);
  await client.end();
}

describe('vectors in an index', function () {
  this.timeout(60_000);
  const at = withEmbeddings();

  const fill = async (dimensions: number, count = 320) => {
    await rows(
      `INSERT INTO faqs (question, answer, slug, status, published_at)
       SELECT 'Question ' || n, 'Answer ' || n, 'made-' || n, 'published', now()
       FROM generate_series(1, CAST(:count AS integer)) AS n`,
      { count },
    );
    await knex.raw('ANALYZE faqs');
    at.provider.answer = async (asked) => asked.map((text) => scattered(text, dimensions));
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
      await client.query(`PREPARE walk (vector, text, integer, bigint[]) AS ${sql}`);
      const vector = toSql(scattered('Question 7', dimensions));
      const { rows: plans } = await client.query(
        `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE walk ('${vector}', 'of-${dimensions}', 40, NULL)`,
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
          expect((await searchFaqs(query)).map(({ question }) => question)).to.deep.equal([`Question ${n}`]);
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
      at.provider.answer = async (asked) => asked.map((text) => scattered(text, 16));
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
    await asSuperuser(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.faq_vectors_hnsw_32'::regclass",
    );
    await reconcile(0);
    await indexesKept();
    const [{ whole } = {}] = await rows<{ whole: boolean }>('SELECT faq_vectors_indexed(32) AS whole');
    expect(whole).to.equal(true);
  });
});
