import { expect } from 'chai';
import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { faqSet, type FaqQuery, searchFaqs, wordsSince } from '../../db/models/faqSearch.ts';
import { definitionOf } from '../../db/models/vectorIndex.ts';
import { rows, way } from '../../db/sql.ts';
import { vocabulary } from '../../shared/knowledge/vocabulary.ts';
import { itNative, onNative } from '../support/native.ts';

/** PLANS_FAQS=20000 takes longer; above 5,000 the statements are those of large knowledge bases. */
const FAQS = Number(process.env.PLANS_FAQS ?? 6_000);
const FEW = 5;
/** Few numbers, so that the index is built in a second. */
const DIMENSIONS = 8;
const MODEL = 'made-up';
/** Rows that a search may read of a table: the walk's texts, 300 to know whether FAQs are few, and drafts that hold a word. */
const MOST = FAQS / 4;

type Read = { table: string; rows: number; whole: number };

describe(`search among ${FAQS} FAQs`, function () {
  this.timeout(300_000);
  let few: number;
  before(async () => {
    if (onNative) few = await fill();
  });

  /** Runs a read in a transaction of its own. @returns what it read of each table, and its result */
  async function read<T>(what: () => Promise<T>): Promise<{ reads: Read[]; result: T }> {
    return knex.transaction(async (trx) => {
      const { run } = way;
      const before = await readBy(trx);
      way.run = (sql, bindings) => run(sql, bindings, trx as Knex);
      const result = await what().finally(() => {
        way.run = run;
      });
      const reads = (await readBy(trx)).map(({ table, rows: count, whole }, i) => ({
        table,
        rows: count - (before[i]?.rows ?? 0),
        whole: whole - (before[i]?.whole ?? 0),
      }));
      if (process.env.PLANS_FAQS) console.log(JSON.stringify(reads));
      return { reads, result };
    });
  }

  /** What this connection has read; the counts go on from earlier transactions for a while. */
  async function readBy(trx: Knex): Promise<Read[]> {
    const { rows: reads } = await trx.raw(
      `SELECT relname AS "table", CAST(seq_tup_read + coalesce(idx_tup_fetch, 0) AS integer) AS rows,
         CAST(seq_scan AS integer) AS whole
       FROM pg_stat_xact_user_tables WHERE relname IN ('faqs', 'faq_terms', 'faq_vectors') ORDER BY relname`,
    );
    return reads;
  }

  const expectFew = (reads: Read[], most = MOST) => {
    expect(reads.map(({ table }) => table)).to.have.members(['faqs', 'faq_terms', 'faq_vectors']);
    for (const { table, rows: count, whole } of reads) {
      expect(whole, `scans of all of ${table}`).to.equal(0);
      expect(count, `rows of ${table}`).to.be.below(most);
    }
  };
  const nearTo = (n: number) => Array.from({ length: DIMENSIONS }, (_, i) => Math.sin(n * (i + 1)));
  const query = (more: Partial<FaqQuery>): FaqQuery => ({
    text: '',
    vectors: [{ model: MODEL, vector: nearTo(77) }],
    language: 'en',
    limit: 20,
    similarity: -1,
    coverage: 0,
    ...more,
  });
  const SEARCHES: Record<string, Partial<FaqQuery>> = {
    'by vector': {},
    'by a word that all FAQs hold': { text: 'parcel', vectors: [] },
    'by a rare word': { text: 'number4777', vectors: [] },
    'by a word that no FAQ holds, and its mended form': {
      text: 'parcle',
      vectors: [],
      also: [{ word: 'parcle', as: 'parcel', weight: 0.7, mends: true }],
    },
    'by characters of a script without spaces': { text: '重置密码', vectors: [] },
    'by vector and words': { text: 'Where is parcel number4777?' },
    'for twice as many, for a judge': { text: 'Where is parcel number4777?', limit: 40, candidates: 20 },
  };
  for (const [name, asked] of Object.entries(SEARCHES))
    itNative(`reads few FAQs ${name}`, async () => {
      const { reads, result } = await read(() => searchFaqs(query(asked)));
      expectFew(reads);
      expect(result).not.to.deep.equal([]);
    });

  itNative('finds every FAQ of a category of few, and reads no others', async () => {
    const { reads, result } = await read(() => searchFaqs(query({ text: 'parcel', categories: [few] })));
    expectFew(reads, 100);
    expect(result).to.have.length(FEW);
  });

  itNative('reads few rows to know the FAQs as they are, where most are drafts', async () => {
    const { reads, result } = await read(() => faqSet());
    expectFew(reads, 20);
    expect(result).to.deep.include({ languages: ['en', 'zh'] });
    expect(result.vectors?.key).to.equal(MODEL);
  });

  itNative('reads the words of few FAQs after a change', async () => {
    const { terms } = await faqSet();
    const { reads, result } = await read(() => wordsSince(terms - 200, 30_000));
    expectFew(reads);
    expect(result).to.include('parcel');
  });

  itNative('waits for no words that are read anew', async () => {
    await vocabulary(await faqSet());
    const { now } = performance;
    const { run } = way;
    const held = Promise.withResolvers<void>();
    let anew = 0;
    way.run = async (sql, bindings, db) => {
      if (bindings.after === 0) {
        anew += 1;
        await held.promise;
      }
      return run(sql, bindings, db);
    };
    try {
      await rows("UPDATE faqs SET question = 'Where is the wallaby?' WHERE slug = 'made-1'");
      performance.now = () => now.call(performance) + 120_000;
      expect((await vocabulary(await faqSet())).words.has('wallaby')).to.equal(true);
      expect(anew).to.equal(1);
    } finally {
      held.resolve();
      Object.assign(performance, { now });
      way.run = run;
    }
  });
});

/** Adds FAQs, a tenth of which are drafts at the beginning of the table, with vectors and an index. @returns a category of few */
async function fill(): Promise<number> {
  const [category] = await rows<{ id: number }>(
    "INSERT INTO faq_categories (name, slug) VALUES ('Few', 'few') RETURNING id",
  );
  for (let from = 1; from <= FAQS; from += 1_000)
    await knex.transaction(async (trx) => {
      await trx.raw("SET LOCAL parley.faq_set_later = 'on'");
      await trx.raw(
        `INSERT INTO faqs (question, answer, slug, language, status, published_at, category_id)
         SELECT 'Where is parcel number' || n || CASE WHEN n % 500 = 0 THEN ' 如何重置密码' ELSE '' END, 'Answer ' || n, 'made-' || n,
           CASE WHEN n % 500 = 0 THEN 'zh' ELSE 'en' END,
           CASE WHEN n BETWEEN 2 AND :drafts THEN 'draft' ELSE 'published' END, now(),
           CASE WHEN n > :drafts AND n % :each = 1 THEN CAST(:category AS bigint) END
         FROM generate_series(CAST(:from AS integer), CAST(:upTo AS integer)) AS n`,
        {
          from,
          upTo: Math.min(FAQS, from + 999),
          drafts: FAQS / 10,
          each: Math.floor((FAQS * 0.9) / FEW),
          category: category?.id ?? 0,
        },
      );
    });
  await rows(
    `INSERT INTO embedding_models (key, name, provider, model, dimensions, filled_to, filled_parts, ready_at, wanted_at)
     VALUES (:model, :model, 'openai', :model, :dimensions, NULL, faq_parts(), now(), now())`,
    { model: MODEL, dimensions: DIMENSIONS },
  );
  await rows(
    `INSERT INTO faq_vectors (model, faq_id, part, text_hash, vector)
     SELECT :model, f.id, 'question', md5(f.question), v.vector
     FROM faqs f CROSS JOIN LATERAL (SELECT CAST(array_agg(sin(f.id * i)) AS vector) AS vector
         FROM generate_series(1, CAST(:dimensions AS integer)) AS i) AS v`,
    { model: MODEL, dimensions: DIMENSIONS },
  );
  await rows('DELETE FROM faq_vectors_owed');
  await knex.transaction(async (trx) => {
    await trx.raw('SET LOCAL statement_timeout = 0');
    await trx.raw(definitionOf(DIMENSIONS, ''));
  });
  // Not VACUUM: index scans alone then count the rows that they read.
  for (const table of ['faqs', 'faq_vectors', 'faq_terms']) await knex.raw(`ANALYZE ${table}`);
  return category?.id ?? 0;
}
