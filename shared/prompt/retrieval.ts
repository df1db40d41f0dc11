import type { AssistantDefinition } from '../../db/models/assistant.ts';
import type { FaqSet, FoundFaq } from '../../db/models/faqSearch.ts';
import type { HistoryMessage } from '../../db/models/message.ts';
import type { ContextRecord } from '../../db/models/turn.ts';
import { env } from '../base/env.ts';
import { type Search, searchKnowledge, type SearchResult } from '../knowledge/search.ts';
import { fuse } from './fuse.ts';
import { clausesOf, isStory, queriesFor, sentencesOf, type Unclear } from './query.ts';

/** What an answer without an assistant may use. */
const EVERYTHING: AssistantDefinition['knowledge'] = { enabled: true, category_ids: null };

export type Found = {
  /** The best PASSAGE_LIMIT of the candidates. */
  passages: ContextRecord['passages'];
  candidates: ContextRecord['passages'];
  /** True when the question has no vector: the passages contain its words. */
  by_words_only: boolean;
  searched: Searched | null;
  /** Whether the first passage is so clearly about the question that no model need read it. */
  sure: boolean;
};
/** What was searched for beside the question itself, and why; by: who made the queries. */
export type Searched = {
  queries: string[];
  why: 'follow_up' | 'story' | 'language' | 'weak' | 'several';
  by: 'model' | 'sentences' | 'none';
};

/** FAQs that a search offers to what chooses among them. */
const CANDIDATES = 20;
/** How much the ranks of the question itself count beside those of its queries. */
const BESIDE = { follow_up: 0.3, story: 0.5, language: 0.5, weak: 1, several: 1 };

/**
 * Finds passages of the knowledge base that may answer a user's question, best first. Where the question does not stand
 * alone, the small model says what to search for; without its answer the question itself counts.
 * @param knowledge the part that the assistant may use; absent: all
 * @param history earlier messages, newest first; absent: none
 * @param set the FAQs as they are; absent: each search asks for them
 */
export async function findPassages(
  user_id: number,
  question: string,
  language: string,
  knowledge: AssistantDefinition['knowledge'] = EVERYTHING,
  history: Promise<HistoryMessage[]> = Promise.resolve([]),
  set?: FaqSet,
): Promise<Found> {
  const { enabled, category_ids } = knowledge;
  if (env.PASSAGE_LIMIT === 0 || !enabled || category_ids?.length === 0)
    return { passages: [], candidates: [], by_words_only: false, searched: null, sure: false };
  const search = (text: string) =>
    searchKnowledge(
      {
        user_id,
        text,
        language,
        limit: Math.max(CANDIDATES, env.PASSAGE_LIMIT),
        ...(category_ids !== null && { categories: category_ids }),
      } satisfies Search,
      set,
    );
  const [first, before] = await Promise.all([search(question), history]);
  const unclear = { user_id, question, language, languages: first.languages, history: before };
  const searched = await clarified(unclear, first);
  const more = await Promise.all((searched?.queries ?? []).map(search));
  const own = { found: first.faqs, weight: more.length === 0 || !searched ? 1 : BESIDE[searched.why] };
  const faqs = fuse<FoundFaq>([...more.map(({ faqs: found }) => ({ found, weight: 1 })), own]);
  const candidates = faqs.map(passageOf);
  return {
    passages: candidates.slice(0, env.PASSAGE_LIMIT),
    candidates: candidates.slice(0, CANDIDATES),
    by_words_only: [first, ...more].every(({ by_words_only }) => by_words_only),
    searched,
    sure: first.sure && searched === null,
  };
}

/** Finds the nearest FAQs, best first. @param nearest how far below the thresholds */
export async function findNearest(
  user_id: number,
  text: string,
  language: string,
  limit: number,
  nearest: Search['nearest'],
  { enabled, category_ids }: AssistantDefinition['knowledge'] = EVERYTHING,
): Promise<ContextRecord['passages']> {
  if (env.PASSAGE_LIMIT === 0 || !enabled || category_ids?.length === 0) return [];
  const asked = { user_id, text, language, limit, ...(nearest && { nearest }) };
  const { faqs } = await searchKnowledge({
    ...asked,
    ...(category_ids !== null && { categories: category_ids }),
  });
  return faqs.map(passageOf);
}

function passageOf({ id, question, answer, similarity }: FoundFaq): ContextRecord['passages'][number] {
  return { faq_id: id, question, answer, similarity };
}

/** Returns what to search for beside the question; null where the question stands alone. */
async function clarified(unclear: Unclear, first: SearchResult): Promise<Searched | null> {
  const why = whyUnclear(unclear, first);
  if (why === null) return null;
  // A strong hit for one clause says nothing of the others; no model is needed to look for them.
  const queries = why === 'several' ? null : await queriesFor(unclear);
  if (queries !== null && queries.length > 0) return { queries, why, by: 'model' };
  const parts = isStory(unclear.question)
    ? sentencesOf(unclear.question, unclear.language)
    : clausesOf(unclear.question);
  return { queries: parts, why, by: parts.length > 0 ? 'sentences' : 'none' };
}

/** Returns why a question may not stand alone. An empty knowledge base needs no query. */
function whyUnclear(
  { question, language, languages, history }: Unclear,
  { strong }: SearchResult,
): Searched['why'] | null {
  if (languages.length === 0) return null;
  if (history.length > 0) return 'follow_up';
  if (isStory(question)) return 'story';
  const own = (tag: string) => tag.toLowerCase().split('-')[0];
  if (!languages.some((tag) => own(tag) === own(language))) return 'language';
  if (!strong) return 'weak';
  return clausesOf(question).length > 0 ? 'several' : null;
}
