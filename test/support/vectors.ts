import { undisturbed } from './database.ts';
import { knex } from '../../db/knex.ts';
import { faqSet, searchFaqs } from '../../db/models/faqSearch.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { indexesKept } from '../../workers/housekeeping/vectors.ts';
import { type Embeddings, serveEmbeddings, vectorOf } from './embeddings.ts';
import { configureEmbedding } from './models.ts';

export const TOPICS = ['apples', 'bicycles', 'carpets', 'dentists', 'elephants'];

/** An embeddings endpoint for a `describe`, and before each of its tests no FAQ, no vector, default settings. */
export function withEmbeddings(): { provider: Embeddings } {
  const at = {} as { provider: Embeddings };
  before(async () => {
    await untilReady(redis);
    at.provider = await serveEmbeddings();
  });
  after(async () => {
    await configureEmbedding();
    await at.provider.stop();
  });
  beforeEach(async () => {
    await undisturbed(() => knex.raw('TRUNCATE faqs, embedding_models CASCADE'));
    await configureEmbedding();
    Object.assign(at.provider, { answer: undefined, dimensions: 1_536 });
    at.provider.requests.length = 0;
  });
  afterEach(() => indexesKept());
  return at;
}

export const published = (question: string, slug: string) => ({
  question,
  answer: `Because of ${slug}`,
  slug,
  status: 'published',
  published_at: new Date(),
});

/** Adds a published FAQ for each topic. @returns their ids */
export async function addTopics(): Promise<number[]> {
  const faqs = TOPICS.map((topic) => published(`Where are ${topic}?`, topic));
  return (await knex('faqs').insert(faqs).returning('id')).map(({ id }) => Number(id));
}

/** The questions of the FAQs that are near a text by vector alone, in the set that serves. */
export async function find(text: string, dimensions = 1_536): Promise<string[]> {
  const set = (await faqSet()).vectors;
  const vectors = set === null ? [] : [{ model: set.key, vector: vectorOf(text, dimensions) }];
  const query = { text: '', vectors, language: null, limit: 3, similarity: 0.5, coverage: 1 };
  return (await searchFaqs(query)).map(({ question }) => question);
}

export const sets = (): Promise<string[]> => knex('embedding_models').orderBy('key').pluck('key');
export const serving = async () => (await faqSet()).vectors?.key;

/** Makes each set an hour older. */
export async function hourLater(): Promise<void> {
  await knex('embedding_models').update({ wanted_at: knex.raw("wanted_at - interval '1 hour'") });
}

/** Makes it an hour longer ago that each set was ready. */
export async function later(): Promise<void> {
  const earlier = knex.raw("ready_at - interval '1 hour'");
  await knex('embedding_models').whereNotNull('ready_at').update({ ready_at: earlier });
}
