import { type FaqSet, faqSet, type FoundFaq, searchFaqs } from '../../db/models/faqSearch.ts';
import { cacheKey, remember } from '../delivery/cache.ts';
import { COVERAGE } from './coverage.ts';
import { env } from '../base/env.ts';
import { embeddingModel } from '../provider/config.ts';
import { questionVector } from './questionVector.ts';
import { truncateTokens } from '../provider/tokens.ts';

/** Seconds. Results of an older set are never asked for again. */
const RESULT_TTL = 600;
/** Embedding models take 8,191 tokens. The first thousand of a question show what it is about. */
const QUESTION_TOKENS = 1_000;
/** How many characters of a question the search by words uses. */
const WORDS_LIMIT = 1_000;

/**
 * `user_id`: the asking user; cached results serve this user only. `categories`: FAQs of these only; absent: all.
 */
export type Search = {
  user_id: number;
  text: string;
  language: string | null;
  limit: number;
  categories?: number[];
  /** Whether to return what is only half as near, or holds half as many of the words, as an answer must. */
  nearest?: boolean;
};
export type SearchResult = {
  faqs: FoundFaq[];
  /** True when the question has no vector: the search used words only. */
  by_words_only: boolean;
};

/**
 * Returns published FAQs that may answer a text, best first, none below the threshold. The result includes the last change
 * of any FAQ on every replica: the cache's key holds the version of the set, which each search reads from Postgres.
 */
export async function searchKnowledge(search: Search): Promise<SearchResult & { cached: boolean }> {
  const set = await currentSet();
  const key = cacheKey('search', search, set, search, env.PASSAGE_THRESHOLD);
  const { value, cached } = await remember(
    key,
    RESULT_TTL,
    () => find(search, set),
    ({ by_words_only }) => !by_words_only,
  );
  return { ...value, cached };
}

/** Returns the present set; without vectors with EMBEDDING_MODEL=off. */
async function currentSet(): Promise<FaqSet> {
  const set = await faqSet();
  return embeddingModel() === null ? { ...set, vectors: null } : set;
}

async function find(search: Search, { vectors: set }: FaqSet): Promise<SearchResult> {
  const { user_id, text, language, limit, categories, nearest = false } = search;
  const least = nearest ? 0.5 : 1;
  // A token has at least one byte, so a short text needs no tokenizer. Loading it blocks the API for a third of a second.
  const question = Buffer.byteLength(text) <= QUESTION_TOKENS ? text : truncateTokens(text, QUESTION_TOKENS);
  const vector = set && (await questionVector(user_id, question, set));
  const faqs = await searchFaqs({
    text: text.slice(0, WORDS_LIMIT).toWellFormed(),
    vectors: set && vector ? [{ model: set.key, vector }] : [],
    language,
    limit,
    categories,
    similarity: env.PASSAGE_THRESHOLD * least,
    coverage: COVERAGE * least,
  });
  return { faqs, by_words_only: set !== null && vector === null };
}
