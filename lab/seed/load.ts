import pg from 'pg';
import { definitionOf, nameOf } from '../../db/models/vectorIndex.ts';
import { DIMENSIONS, embed } from '../standin/embedding.ts';
import { syntheticFaq } from './texts.ts';

/** Rows per statement; number of new rows from which the vector index is rebuilt as a whole. */
const ROWS = 200;
const BULK = 2_000;
/** FAQs above which the product's search walks an index (faqs_near): without one it compares all vectors. */
const WITHOUT_INDEX = 300;

export type BuiltIndex = { name: string; ms: number; bytes: number };
export type Loaded = { added: number; indexes: BuiltIndex[] };

/**
 * Raises the number of synthetic FAQs to `count`: published, with the stand-in's vectors under the name `model`, so that
 * nothing is owed. Adds all or none, in one transaction. Existing FAQs stay. Blocks all other access to FAQs meanwhile.
 * @param said gets progress lines
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
    // The planner uses these counts, and so does the choice between a full comparison and an index.
    if (loaded.added > 0) await client.query('VACUUM ANALYZE faqs, faq_vectors, faq_vectors_owed');
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
  const anew = added >= BULK && !(await onPglite(client));
  if (anew) await client.query(`DROP INDEX IF EXISTS ${nameOf(DIMENSIONS)}`);
  await haveSet(client, model);
  await insert(client, { from: there.last, to: count }, model, said);
  const indexes: BuiltIndex[] = [];
  if (anew || (count > WITHOUT_INDEX && !(await onPglite(client)) && !(await isIndexed(client)))) {
    said(`building ${nameOf(DIMENSIONS)}`);
    indexes.push(await build(client, count));
  }
  await client.query('UPDATE faq_set SET version = gen_random_uuid()');
  return { added, indexes };
}

async function onPglite(client: pg.Client): Promise<boolean> {
  return (await one<{ version: string }>(client, 'SELECT version() AS version')).version.includes('PGlite');
}

async function isIndexed(client: pg.Client): Promise<boolean> {
  return (await one<{ there: boolean }>(client, 'SELECT faq_vectors_indexed($1) AS there', [DIMENSIONS]))
    .there;
}

/** Creates the model's set. The set is served if no other one is. */
async function haveSet(client: pg.Client, model: string): Promise<void> {
  const { dimensions } = await one<{ dimensions: number | null }>(
    client,
    `INSERT INTO embedding_models AS m (key, name, provider, model, dimensions, wanted_at, ready_at)
     VALUES ($1, $1, 'openai', $1, $2, now(),
       CASE WHEN NOT EXISTS (SELECT FROM embedding_models WHERE ready_at IS NOT NULL) THEN now() END)
     ON CONFLICT (key) DO UPDATE SET dimensions = coalesce(m.dimensions, excluded.dimensions)
     RETURNING dimensions`,
    [model, DIMENSIONS],
  );
  if (dimensions !== DIMENSIONS)
    throw new Error(`vectors of ${model} have ${dimensions} dimensions, the stand-in's have ${DIMENSIONS}`);
}

async function insert(
  client: pg.Client,
  { from, to }: { from: number; to: number },
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
  // Removes what the trigger noted as owed before the vectors were there.
  await client.query(
    `DELETE FROM faq_vectors_owed o USING faq_vectors v, faqs f
     WHERE o.model = $1 AND v.model = o.model AND v.faq_id = o.faq_id AND v.part = o.part AND f.id = o.faq_id
       AND v.text_hash = md5(faq_part(v.part, f.question, f.answer, f.keywords))`,
    [model],
  );
  // A new set has not searched the earlier FAQs yet.
  await client.query('SELECT fill_embedding_set($1, 10000000)', [model]);
  said(`${to - from} of ${to - from} FAQs`);
}

const COLUMNS = 8;

function valuesOf(n: number): unknown[] {
  const { slug, question, answer, keywords } = syntheticFaq(n);
  // As faq_part() makes them.
  const texts = [question, answer, `${question} ${keywords.join(', ')}`, `${question}\n${answer}`];
  return [slug, question, answer, keywords, ...texts.map((text) => binary(embed(text)))];
}

function statement(rows: number): string {
  const values = Array.from({ length: rows }, (_, row) => {
    const at = (column: number) => `$${3 + row * COLUMNS + column}`;
    const vectors = [4, 5, 6, 7].map((column) => `CAST(${at(column)} AS vector)`);
    return `(${at(0)}, ${at(1)}, ${at(2)}, CAST(${at(3)} AS text[]), ${vectors.join()})`;
  });
  return `WITH new (slug, question, answer, keywords, q_vector, a_vector, k_vector, t_vector) AS (VALUES ${values.join()}),
    added AS (
      INSERT INTO faqs (category_id, slug, question, answer, keywords, language, status, published_at)
      SELECT CAST($1 AS bigint), slug, question, answer, keywords, 'en', 'published', now() FROM new
      RETURNING id, slug)
    INSERT INTO faq_vectors (model, faq_id, part, text_hash, vector)
    SELECT CAST($2 AS text), a.id, p.part, md5(faq_part(p.part, question, answer, keywords)), p.vector
    FROM new JOIN added a USING (slug) CROSS JOIN LATERAL (VALUES ('question', q_vector), ('answer', a_vector),
      ('keywords', k_vector), ('together', t_vector)) AS p (part, vector)`;
}

/** Encodes a vector in pgvector's binary form: a third of the text's size, and nothing to parse. */
function binary(vector: Float32Array): Buffer {
  const numbers = Buffer.from(vector.buffer.slice(0)).swap32();
  const head = Buffer.alloc(4);
  head.writeInt16BE(vector.length);
  return Buffer.concat([head, numbers]);
}

/** Builds the index. The whole graph must fit into maintenance_work_mem, or Postgres builds it row by row on disk. */
async function build(client: pg.Client, count: number): Promise<BuiltIndex> {
  await client.query(`SET LOCAL maintenance_work_mem = '${256 + Math.ceil(count * 0.017)}MB'`);
  const began = performance.now();
  await client.query('SAVEPOINT building');
  try {
    await client.query(definitionOf(DIMENSIONS, ''));
  } catch (err) {
    // Parallel workers need shared memory, which a container may lack; one worker needs none.
    if ((err as { code?: string }).code !== '53100') throw err;
    await client.query('ROLLBACK TO building');
    await client.query('SET LOCAL max_parallel_maintenance_workers = 0');
    await client.query(definitionOf(DIMENSIONS, ''));
  }
  const ms = performance.now() - began;
  const name = nameOf(DIMENSIONS);
  const { bytes } = await one<{ bytes: number }>(client, 'SELECT pg_relation_size($1)::float8 AS bytes', [
    name,
  ]);
  return { name, ms, bytes };
}

async function one<T>(client: pg.Client, sql: string, values: unknown[] = []): Promise<T> {
  const { rows } = await client.query(sql, values);
  return rows[0] as T;
}
