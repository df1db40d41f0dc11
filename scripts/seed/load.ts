import pg from 'pg';
import { embed } from '../../lab/standin/embedding.ts';
import { syntheticFaq } from './texts.ts';

/** Rows of a statement; and from how many new FAQs on the vector indexes are built anew and not row by row. */
const ROWS = 200;
const BULK = 2_000;

export type BuiltIndex = { name: string; ms: number; bytes: number };
export type Loaded = { added: number; indexes: BuiltIndex[] };

/**
 * Brings the number of synthetic FAQs up to `count`: published, with the stand-in's vectors under the name
 * `model`, so that nothing is owed. It adds all or none, in one transaction; existing FAQs stay. Meanwhile nobody
 * else can read or write an FAQ.
 * @param said gets progress lines for people
 */
export async function loadSyntheticFaqs(
  url: string,
  count: number,
  model: string,
  said: (what: string) => void,
): Promise<Loaded> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    const loaded = await load(client, count, model, said);
    await client.query('COMMIT');
    // Updates the planner's counts, which also decide between comparing all vectors and using an index.
    if (loaded.added > 0) await client.query('VACUUM ANALYZE faqs');
    return loaded;
  } finally {
    await client.end();
  }
}

async function load(
  client: pg.Client,
  count: number,
  model: string,
  said: (what: string) => void,
): Promise<Loaded> {
  await client.query('LOCK TABLE faqs IN SHARE ROW EXCLUSIVE MODE');
  // Changes the version of the FAQs once, at the end, as imports do.
  await client.query("SET LOCAL parley.faq_set_later = 'on'");
  const there = await one<{ last: number }>(
    client,
    "SELECT coalesce(max(substr(slug, 11)::int), 0) AS last FROM faqs WHERE slug ~ '^synthetic-[0-9]{1,7}$'",
  );
  const added = Math.max(0, count - there.last);
  if (added === 0) return { added, indexes: [] };
  const definitions = added < BULK ? [] : await dropVectorIndexes(client);
  await insert(client, there.last, count, model, said);
  const indexes: BuiltIndex[] = [];
  for (const { name, definition } of definitions) {
    said(`building ${name}`);
    indexes.push(await build(client, name, definition, count));
  }
  await client.query('UPDATE faq_set SET version = gen_random_uuid()');
  return { added, indexes };
}

async function insert(
  client: pg.Client,
  from: number,
  to: number,
  model: string,
  said: (what: string) => void,
): Promise<void> {
  const category = await one<{ id: number }>(
    client,
    `INSERT INTO faq_categories (name, slug, description) VALUES ('Synthetic', 'synthetic', 'Made up, for trying things out')
     ON CONFLICT (slug) DO UPDATE SET slug = excluded.slug RETURNING id`,
  );
  let written: Promise<unknown> = Promise.resolve();
  for (let n = from; n < to; n += ROWS) {
    const values = Array.from({ length: Math.min(ROWS, to - n) }, (_, i) => valuesOf(n + i));
    await written;
    // Builds the next rows while Postgres writes these; the next await meets an error.
    written = client.query(statement(values.length), [category.id, model, ...values.flat()]);
    written.catch(() => {});
    if ((n - from) % 5_000 === 0) said(`${n - from} of ${to - from} FAQs`);
  }
  await written;
  said(`${to - from} of ${to - from} FAQs`);
}

const COLUMNS = 6;

function valuesOf(n: number): unknown[] {
  const { slug, question, answer, keywords } = syntheticFaq(n);
  return [slug, question, answer, keywords, binary(embed(question)), binary(embed(answer))];
}

function statement(rows: number): string {
  const values = Array.from({ length: rows }, (_, row) => {
    const at = (column: number) => `$${3 + row * COLUMNS + column}`;
    return `(${at(0)}, ${at(1)}, ${at(2)}, CAST(${at(3)} AS text[]), CAST(${at(4)} AS vector), CAST(${at(5)} AS vector))`;
  });
  return `INSERT INTO faqs (category_id, slug, question, answer, keywords, language, status, published_at,
      question_embedding, question_embedding_model, question_text_hash, answer_embedding, answer_embedding_model, answer_text_hash)
    SELECT CAST($1 AS bigint), slug, question, answer, keywords, 'en', 'published', now(),
      question_vector, CAST($2 AS text), md5(question), answer_vector, CAST($2 AS text), md5(answer)
    FROM (VALUES ${values.join()}) AS new (slug, question, answer, keywords, question_vector, answer_vector)`;
}

/** Encodes a vector in pgvector's binary form: a third of the text's size, and nothing to parse. */
function binary(vector: Float32Array): Buffer {
  const numbers = Buffer.from(vector.buffer.slice(0)).swap32();
  const head = Buffer.alloc(4);
  head.writeInt16BE(vector.length);
  return Buffer.concat([head, numbers]);
}

async function dropVectorIndexes(client: pg.Client): Promise<{ name: string; definition: string }[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    "SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE tablename = 'faqs' AND indexdef LIKE '%USING hnsw%'",
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows;
}

/**
 * Builds an index with enough maintenance_work_mem for the whole graph; otherwise Postgres would build it row by
 * row on disk.
 */
async function build(
  client: pg.Client,
  name: string,
  definition: string,
  count: number,
): Promise<BuiltIndex> {
  await client.query(`SET LOCAL maintenance_work_mem = '${256 + Math.ceil(count * 0.0085)}MB'`);
  const began = performance.now();
  await client.query('SAVEPOINT building');
  try {
    await client.query(definition);
  } catch (err) {
    // Parallel workers need shared memory, which a container may lack; one worker needs none.
    if ((err as { code?: string }).code !== '53100') throw err;
    await client.query('ROLLBACK TO building');
    await client.query('SET LOCAL max_parallel_maintenance_workers = 0');
    await client.query(definition);
  }
  const ms = performance.now() - began;
  const { bytes } = await one<{ bytes: number }>(client, 'SELECT pg_relation_size($1)::float8 AS bytes', [
    name,
  ]);
  return { name, ms, bytes };
}

async function one<T>(client: pg.Client, sql: string, values: unknown[] = []): Promise<T> {
  const { rows } = await client.query(sql, values);
  return rows[0] as T;
}
