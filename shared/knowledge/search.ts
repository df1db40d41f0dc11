import { type FaqQuery, type FaqSet, faqSet, type FoundFaq, searchFaqs } from '../../db/models/faqSearch.ts';
import { cacheKey, remember } from '../delivery/cache.ts';
import { EVERYDAY, lightWords, withoutFillers } from './fillers.ts';
import { formsOf, mendEveryday, type Vocabulary } from './mend.ts';
import { coverageIn, thresholdIn } from './threshold.ts';
import { vocabulary } from './vocabulary.ts';
import { env } from '../base/env.ts';
import { embeddingModel } from '../provider/config.ts';
import { questionVector, readVector } from './questionVector.ts';
import { truncateTokens } from '../provider/tokens.ts';

/** Seconds. Results of an older set are never asked for again. */
const RESULT_TTL = 600;
/** Another form of a result needs another value here: two releases share the cache. */
const FORM = 'with below';
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
  /** Returns FAQs also where none reaches a threshold. */
  nearest?: 'any';
  /** Has `below` hold whatever is near, for a model to judge. */
  judged?: true;
};
export type SearchResult = {
  faqs: FoundFaq[];
  /**
   * FAQs that were not found, best first: where none reaches a threshold, those that reach half of one. For a judge all that
   * are not among `faqs`, but none where none is near.
   */
  below: FoundFaq[];
  /** True when the question has no vector: the search used words only. */
  by_words_only: boolean;
  /** Whether the first FAQ is surely about the text: it holds most of its words, or is far nearer than it has to be. */
  strong: boolean;
  /** Whether the first FAQ holds nearly all words of the text, and no other nearly as many. */
  sure: boolean;
  /** Languages of the knowledge base. */
  languages: string[];
};

/** Returns what the search by words takes of a text: no fillers, other forms of its words, and which count half. */
export function searchedWords(text: string, known: Vocabulary): Pick<FaqQuery, 'text' | 'also' | 'light'> {
  const words = withoutFillers(mendEveryday(text.slice(0, WORDS_LIMIT).toWellFormed(), EVERYDAY, known));
  return { text: words, also: formsOf(words, known), light: lightWords(words) };
}

type Least = { similarity: number; coverage: number };
/** Beside an FAQ that reaches a threshold, the next ones may be this share below it: ranks tell better than thresholds. */
const BESIDE = 0.5;
/** From where a hit is strong: share of the words, and share of the way from the threshold to 1. */
const STRONG_COVERAGE = 0.6;
const STRONG_NEARNESS = 0.4;
/** From which share of the words a hit is sure, and how much less the next FAQ may have: no near miss of `npm run eval` is so. */
const SURE_COVERAGE = 0.8;
const SURE_AHEAD = 0.2;
/** An FAQ that is further below both thresholds than this share is about something else. */
const NEAR = 0.6;
/** FAQs below the thresholds that a result holds. */
const MOST_BELOW = 12;

/**
 * Returns published FAQs that may answer a text, best first: none unless one reaches a threshold. The result includes the last
 * change of any FAQ on every replica: the cache's key holds the version of the set, which each search reads from Postgres.
 * @param known the set as the caller has just read it; absent: reads it
 */
export async function searchKnowledge(
  search: Search,
  known?: FaqSet,
): Promise<SearchResult & { cached: boolean }> {
  const set = await currentSet(known);
  // Read in the same round trip as the result: it is needed where no result is kept.
  const { vectors } = set;
  const vector = vectors !== null && isShort(search.text) ? readVector(search, vectors) : undefined;
  const key = cacheKey('search', search, FORM, set, search, env.PASSAGE_THRESHOLD, env.PASSAGE_COVERAGE);
  const { value, cached } = await remember(
    key,
    RESULT_TTL,
    () => find(search, set, vector),
    ({ by_words_only }) => !by_words_only,
  );
  return { ...value, cached };
}

/** Returns what is near a text, and what an FAQ must have to be found: one of the two, or half of it beside one that has it. */
export async function explainSearch(search: Omit<Search, 'nearest' | 'judged' | 'categories'>) {
  const { faqs, by_words_only } = await searchKnowledge({ ...search, nearest: 'any' });
  const set = await currentSet();
  const measured = set.vectors !== null && !by_words_only;
  const least = { similarity: thresholdIn(set, search.language), coverage: coverageIn(set, search.language) };
  const beside = belowBy(BESIDE, least);
  const passes = faqs.some((faq) => reaches(faq, least, measured));
  const data = faqs.map((faq) => ({ ...faq, found: passes && reaches(faq, beside, measured) }));
  return { threshold: least.similarity, coverage: least.coverage, by_words_only, data };
}

/** Returns the present set; without vectors with EMBEDDING_MODEL=off. */
async function currentSet(known?: FaqSet): Promise<FaqSet> {
  const set = known ?? (await faqSet());
  return embeddingModel() === null ? { ...set, vectors: null } : set;
}

/** Says whether all of a text is embedded. A token has at least one byte, so such a text needs no tokenizer. */
function isShort(text: string): boolean {
  return Buffer.byteLength(text) <= QUESTION_TOKENS;
}

/** @param read the text's vector, as Redis may hold it; undefined: not read */
async function find(search: Search, faqs: FaqSet, read?: Promise<string | null>): Promise<SearchResult> {
  const { vectors: set, languages } = faqs;
  const { user_id, text, language, limit, categories, nearest, judged } = search;
  // Loading the tokenizer blocks the API for a third of a second.
  const question = isShort(text) ? text : truncateTokens(text, QUESTION_TOKENS);
  const [vector, known] = await Promise.all([
    set && questionVector(user_id, question, set, read),
    vocabulary(faqs),
  ]);
  const least = { similarity: thresholdIn(faqs, language), coverage: coverageIn(faqs, language) };
  const beside = belowBy(BESIDE, least);
  const ranked = await searchFaqs({
    ...searchedWords(text, known),
    vectors: set && vector ? [{ model: set.key, vector }] : [],
    language,
    categories,
    // What is found by vector and what is found by words may be twice as many FAQs.
    ...(judged ? { limit: 2 * limit, candidates: limit } : { limit }),
    ...(judged || nearest ? belowBy(1, least) : beside),
  });
  const measured = vector !== null;
  const found = judged ? ranked.filter((faq) => reaches(faq, beside, measured)).slice(0, limit) : ranked;
  const passes = found.some((faq) => reaches(faq, least, measured));
  const shown = passes || nearest ? found : [];
  const isNear = judged ? ranked.some((faq) => reaches(faq, belowBy(NEAR, least), measured)) : !passes;
  return {
    faqs: shown,
    below: isNear ? ranked.filter((faq) => !shown.includes(faq)).slice(0, MOST_BELOW) : [],
    by_words_only: set !== null && vector === null,
    strong: isStrong(found[0], least.similarity),
    sure: passes && isSure(found),
    languages,
  };
}

/**
 * Says whether an FAQ reaches the least that it must have.
 * @param measured whether similarity is one of vectors; without a vector it is the share of the words
 */
function reaches(faq: FoundFaq, least: Least, measured: boolean): boolean {
  return faq.coverage >= least.coverage || (measured && faq.similarity >= least.similarity);
}

/** Returns thresholds lowered by a share of them. A similarity may be below zero. */
function belowBy(share: number, { similarity, coverage }: Least): Least {
  return share === 1
    ? { similarity: -1, coverage: 0 }
    : { similarity: similarity - share * Math.abs(similarity), coverage: coverage * (1 - share) };
}

function isSure(found: FoundFaq[]): boolean {
  const [first = 0, next = 0] = found.map(({ coverage }) => coverage).sort((a, b) => b - a);
  return first === found[0]?.coverage && first >= SURE_COVERAGE && first - next >= SURE_AHEAD;
}

function isStrong(first: FoundFaq | undefined, threshold: number): boolean {
  if (first === undefined) return false;
  return (
    first.coverage >= STRONG_COVERAGE || first.similarity >= threshold + STRONG_NEARNESS * (1 - threshold)
  );
}
