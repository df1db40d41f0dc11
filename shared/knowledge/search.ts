import { type FaqSet, faqSet, type FoundFaq, searchFaqs } from '../../db/models/faqSearch.ts';
import { cacheKey, remember } from '../delivery/cache.ts';
import { COVERAGE } from './coverage.ts';
import { env } from '../base/env.ts';
import { embed } from '../provider/llm.ts';
import { log } from '../base/log.ts';
import { ProviderError } from '../provider/providerErrors.ts';
import { truncateTokens } from '../provider/tokens.ts';

/** Seconds. Results of an older set are never asked for again; vectors of a text hold for good, but are kept for one user alone. */
const RESULT_TTL = 600;
const VECTOR_TTL = 3_600;
/** Embedding models take 8,191 tokens; a question's first thousand say what it is about. */
const QUESTION_TOKENS = 1_000;
/** How many characters of a question the search by words uses. */
const WORDS_LIMIT = 1_000;

/** `user_id`: who asks. What is kept of a search serves that user alone. */
export type Search = { user_id: number; text: string; language: string | null; limit: number };
export type SearchResult = {
  faqs: FoundFaq[];
  /** False when the provider could not embed the text: found by words alone. */
  by_meaning: boolean;
};

/**
 * Returns published FAQs that may answer a text, best first, none below the threshold. The result includes the last change
 * of any FAQ on every replica: the cache's key holds the version of the set, which each search reads from Postgres.
 */
export async function searchKnowledge(search: Search): Promise<SearchResult & { cached: boolean }> {
  const set = await faqSet();
  const key = cacheKey('search', search, set, search, env.PASSAGE_THRESHOLD);
  const { value, cached } = await remember(key, RESULT_TTL, () => find(search, set), wholly);
  return { ...value, cached };
}

function wholly({ by_meaning }: SearchResult): boolean {
  return by_meaning;
}

async function find(search: Search, { models }: FaqSet): Promise<SearchResult> {
  const { text, language, limit } = search;
  // A token has at least one byte: for short texts the API need not load the tokenizer, which blocks it for a third of a second.
  const question = Buffer.byteLength(text) <= QUESTION_TOKENS ? text : truncateTokens(text, QUESTION_TOKENS);
  const found = await Promise.all(models.map((model) => vectorOf(search, question, model)));
  const vectors = found.filter((vector) => vector !== null);
  const faqs = await searchFaqs({
    text: text.slice(0, WORDS_LIMIT).toWellFormed(),
    vectors,
    language,
    limit,
    similarity: env.PASSAGE_THRESHOLD,
    coverage: COVERAGE,
  });
  return { faqs, by_meaning: vectors.length === models.length };
}

/**
 * A question's vector by the model of the vectors it is to be compared with. While FAQs are moving to another model
 * there are two, and each half is searched by its own. Null when the provider cannot make it just now.
 */
async function vectorOf(
  whose: Pick<Search, 'user_id'>,
  text: string,
  model: string,
): Promise<{ model: string; vector: number[] } | null> {
  const key = cacheKey('vector', whose, model, text);
  try {
    const { value } = await remember(key, VECTOR_TTL, async () =>
      pack((await embed([text], model))[0] ?? []),
    );
    return { model, vector: unpack(value) };
  } catch (err) {
    if (!(err instanceof ProviderError)) throw err;
    log.warn({ err, model }, 'a question was not embedded');
    return null;
  }
}

/** Single precision, as pgvector keeps it: 8 kB of text instead of 30. */
function pack(vector: number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}

function unpack(packed: string): number[] {
  return Array.from(new Float32Array(new Uint8Array(Buffer.from(packed, 'base64')).buffer));
}
