/**
 * The product's search beside bare SQL, in one process, on FAQ_COUNT synthetic FAQs. Sends {port: 0} when FAQs and
 * questions are embedded. Runs a round for each received {} and answers with the measurements.
 */
import pg from 'pg';
import { toSql } from 'pgvector';
import { searchFaqs } from '../../../db/models/faqSearch.ts';
import { rows } from '../../../db/sql.ts';
import { cacheKey, remember } from '../../../shared/delivery/cache.ts';
import { env } from '../../../shared/base/env.ts';
import { embeddingModel } from '../../../shared/provider/config.ts';
import { redis, untilReady } from '../../../shared/delivery/redis.ts';
import { searchKnowledge } from '../../../shared/knowledge/search.ts';
import { loadSyntheticFaqs } from '../../seed/load.ts';
import { syntheticQuery } from '../../seed/texts.ts';
import { embed } from '../../standin/embedding.ts';
import { ceiling, percentile } from '../load.ts';

/** Per kind of search and round: questions one after the other; questions to warm up; seconds of a closed loop. */
const SINGLE = 200;
const WARM = 100;
const SECONDS = 3;
const WIDTH = 4;
const QUESTIONS = 500;
const LIMIT = 10;
/** Number of questions compared with all vectors, to find the true neighbours. */
const JUDGED = 40;

/** Speed of a kind of search: ms, one question at a time; questions per second. */
export type Speed = { p50: number; p99: number; rate: number };
export type Round = {
  faqs: number;
  speeds: Record<'bareOne' | 'bare' | 'vector' | 'fused' | 'whole', Speed>;
  /** Share of the true ten nearest among the ten found. */
  recall: { vector: number; bare: number };
  indexSeconds: number;
  indexMiB: number;
};
type Question = { text: string; vector: number[] };
type Ids = (question: Question) => Promise<number[]>;

const count = Number(process.env.FAQ_COUNT);
const { indexes } = await loadSyntheticFaqs(env.DATABASE_URL, count, embeddingModel()?.name ?? '', (what) =>
  process.stderr.write(`search: ${what}\n`),
);
const questions = Array.from({ length: QUESTIONS }, (_, i): Question => {
  const text = syntheticQuery((i * 1_997) % count);
  return { text, vector: Array.from(embed(text)) };
});
const pool = new pg.Pool({
  connectionString: env.DATABASE_URL,
  max: WIDTH,
  // The product's settings. Without the last two, the planner would sometimes compare all rows, or compile.
  options: '-c hnsw.ef_search=100 -c hnsw.iterative_scan=relaxed_order -c enable_sort=off -c jit=off',
});
const known = new Map<string, Promise<number[]>>();
await untilReady(redis);
for (const { text, vector: found } of questions) {
  const packed = Buffer.from(Float32Array.from(found).buffer).toString('base64');
  await remember(
    cacheKey('vector', { user_id: 0 }, embeddingModel()?.name ?? '', found.length, '', text),
    3_600,
    async () => packed,
  );
}
const ways = { bareOne, bare, vector, fused, whole };
for (const way of Object.values(ways)) for (const question of questions.slice(0, WARM)) await way(question);
const recalls = { vector: await recall(vector), bare: await recall(bare) };

process.on('message', () => void round().then((measured) => process.send?.(measured)));
process.on('disconnect', () => process.exit());
process.send?.({ port: 0 });

async function round(): Promise<Round> {
  const speeds: Partial<Round['speeds']> = {};
  for (const [name, way] of Object.entries(ways)) {
    speeds[name as keyof typeof ways] = await speedOf(way);
  }
  return {
    faqs: count,
    speeds: speeds as Round['speeds'],
    recall: recalls,
    indexSeconds: indexes.reduce((sum, { ms }) => sum + ms / 1_000, 0),
    indexMiB: indexes.reduce((sum, { bytes }) => sum + bytes / 2 ** 20, 0),
  };
}

async function speedOf(way: Ids): Promise<Speed> {
  // A new version of the set invalidates all cached results.
  await rows('UPDATE faq_set SET version = gen_random_uuid()');
  const times: number[] = [];
  for (const question of questions.slice(0, SINGLE)) {
    const began = performance.now();
    await way(question);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const rate = await ceiling(WIDTH, SECONDS, async (i) => {
    if (i % QUESTIONS === 0) await rows('UPDATE faq_set SET version = gen_random_uuid()');
    await way(questions[(i + SINGLE) % QUESTIONS] as Question);
  });
  return { p50: percentile(times, 50), p99: percentile(times, 99), rate };
}

/** Finds the nearest texts, as pgvector's documentation does. */
function bareOne({ vector }: Question): Promise<number[]> {
  return ask(
    'one',
    `SELECT faq_id AS id, 1 - (vector::halfvec(1536) <=> $1::halfvec(1536)) AS similarity FROM faq_vectors
     WHERE dimensions = 1536 ORDER BY vector::halfvec(1536) <=> $1::halfvec(1536) LIMIT ${LIMIT}`,
    vector,
  );
}

/** Does the same for the product's task: the nearest FAQs, by any of their four texts, which may all be near. */
function bare({ vector }: Question): Promise<number[]> {
  return ask(
    'both',
    `SELECT id, 1 - min(distance) AS similarity FROM (
       SELECT faq_id AS id, vector::halfvec(1536) <=> $1::halfvec(1536) AS distance FROM faq_vectors
       WHERE dimensions = 1536 ORDER BY vector::halfvec(1536) <=> $1::halfvec(1536) LIMIT ${4 * LIMIT}) AS found
     GROUP BY id ORDER BY min(distance) LIMIT ${LIMIT}`,
    vector,
  );
}

async function ask(name: string, text: string, vector: number[]): Promise<number[]> {
  const { rows: nearest } = await pool.query<{ id: number }>({ name, text, values: [toSql(vector)] });
  return nearest.map(({ id }) => Number(id));
}

/** Searches as the product does, by vector only. */
function vector(question: Question): Promise<number[]> {
  return search({ ...question, text: '' }, -1);
}

/** Searches as the product does, by vector and words. */
function fused(question: Question): Promise<number[]> {
  return search(question, env.PASSAGE_THRESHOLD ?? 0.35);
}

async function search({ text, vector }: Question, similarity: number): Promise<number[]> {
  const vectors = [{ model: embeddingModel()?.name ?? '', vector }];
  const query = {
    text,
    vectors,
    language: 'en',
    limit: LIMIT,
    similarity,
    coverage: env.PASSAGE_COVERAGE ?? 0.35,
  };
  return (await searchFaqs(query)).map(({ id }) => id);
}

/** Makes a whole search without the provider's call: the set's version, both cache reads, the cache write. */
async function whole({ text }: Question): Promise<number[]> {
  return (await searchKnowledge({ user_id: 0, text, language: 'en', limit: LIMIT })).faqs.map(({ id }) => id);
}

async function recall(way: Ids): Promise<number> {
  let share = 0;
  for (const question of questions.slice(0, JUDGED)) {
    const nearest = await exact(question);
    const got = new Set(await way(question));
    share += Math.min(LIMIT, nearest.filter((id) => got.has(id)).length) / LIMIT;
  }
  return share / JUDGED;
}

/** Finds the ten nearest, and all as near as the tenth, by a comparison with all vectors, without an index. */
function exact({ text, vector }: Question): Promise<number[]> {
  const made =
    known.get(text) ??
    ask(
      'exact',
      `SELECT faq_id AS id FROM faq_vectors GROUP BY faq_id
       ORDER BY min(vector <=> $1::vector) FETCH FIRST ${LIMIT} ROWS WITH TIES`,
      vector,
    );
  known.set(text, made);
  return made;
}
