import type { AssistantDefinition } from '../../db/models/assistant.ts';
import { type FaqSet, faqSet, type FoundFaq } from '../../db/models/faqSearch.ts';
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
  /** What is below the thresholds, best first: what may be meant where nothing was found, or what else a model may judge. */
  below: ContextRecord['passages'];
  /** Ids of those FAQs that are in the language of the question. */
  own: ReadonlySet<number>;
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

const NOTHING: Found = {
  passages: [],
  candidates: [],
  below: [],
  own: new Set(),
  by_words_only: false,
  searched: null,
  sure: false,
};

type AskedOfKnowledge = {
  user_id: number;
  question: string;
  language: string;
  /** The part that the assistant may use; absent: all. */
  knowledge?: AssistantDefinition['knowledge'] | undefined;
  /** Earlier messages, newest first; absent: none. */
  history?: Promise<HistoryMessage[]>;
  /** The FAQs as they are; absent: asks for them. */
  set?: FaqSet | undefined;
};

/**
 * Finds passages of the knowledge base that may answer a user's question, best first. Where the question does not stand
 * alone, the small model says what to search for; without its answer the question itself counts. Only a weak hit shows
 * late that the question does not stand alone: otherwise the model is asked while the question itself is searched for.
 */
export async function findPassages({
  user_id,
  question,
  language,
  knowledge: { enabled, category_ids } = EVERYTHING,
  history = Promise.resolve([]),
  set,
}: AskedOfKnowledge): Promise<Found> {
  if (env.PASSAGE_LIMIT === 0 || !enabled || category_ids?.length === 0) return NOTHING;
  const faqs = set ?? (await faqSet());
  const search = (text: string) =>
    searchKnowledge(
      {
        user_id,
        text,
        language,
        limit: Math.max(CANDIDATES, env.PASSAGE_LIMIT),
        ...(category_ids !== null && { categories: category_ids }),
        ...(env.ANSWER_CHECK === 'model' && { judged: true }),
      } satisfies Search,
      faqs,
    );
  const unclear = { user_id, question, language, languages: faqs.languages };
  const [first, [before, early]] = await Promise.all([
    search(question),
    history.then(async (before) => {
      const asked = { ...unclear, history: before };
      return [before, await clarified(asked, whyUnclear(asked), search)] as const;
    }),
  ]);
  const asked = { ...unclear, history: before };
  const { searched, more } = early ?? (await clarified(asked, whyUnsure(asked, first), search)) ?? ALONE;
  const own = { found: first.faqs, weight: more.length === 0 || !searched ? 1 : BESIDE[searched.why] };
  const fused = fuse<FoundFaq>([...more.map(({ faqs: found }) => ({ found, weight: 1 })), own]);
  const candidates = fused.map(passageOf);
  const { below } = more[0] ?? first;
  return {
    passages: candidates.slice(0, env.PASSAGE_LIMIT),
    candidates: candidates.slice(0, CANDIDATES),
    below: below.map(passageOf),
    own: new Set([...fused, ...below].filter((faq) => isSpoken(faq.language, language)).map(({ id }) => id)),
    by_words_only: [first, ...more].every(({ by_words_only }) => by_words_only),
    searched,
    sure: first.sure && searched === null,
  };
}

function passageOf({ id, question, answer, similarity }: FoundFaq): ContextRecord['passages'][number] {
  return { faq_id: id, question, answer, similarity };
}

type Aside = { searched: Searched | null; more: SearchResult[] };
const ALONE: Aside = { searched: null, more: [] };

/** Searches for what a question means beside its own words; null where it stands alone. */
async function clarified(
  unclear: Unclear,
  why: Searched['why'] | null,
  search: (text: string) => Promise<SearchResult>,
): Promise<Aside | null> {
  if (why === null) return null;
  const searched = await searchedFor(unclear, why);
  return { searched, more: await Promise.all(searched.queries.map(search)) };
}

async function searchedFor(unclear: Unclear, why: Searched['why']): Promise<Searched> {
  // A strong hit for one clause says nothing of the others; no model is needed to look for them.
  const queries = why === 'several' ? null : await queriesFor(unclear);
  if (queries !== null && queries.length > 0) return { queries, why, by: 'model' };
  const parts = isStory(unclear.question)
    ? sentencesOf(unclear.question, unclear.language)
    : clausesOf(unclear.question);
  return { queries: parts, why, by: parts.length > 0 ? 'sentences' : 'none' };
}

/** Returns why a question may not stand alone, whatever is found for it. An empty knowledge base needs no query. */
function whyUnclear({ question, language, languages, history }: Unclear): Searched['why'] | null {
  if (languages.length === 0) return null;
  if (history.length > 0) return 'follow_up';
  if (isStory(question)) return 'story';
  return languages.some((tag) => isSpoken(tag, language)) ? null : 'language';
}

/** Says whether two tags are of one language, whatever the region. */
function isSpoken(tag: string, language: string): boolean {
  return languageOf(tag) === languageOf(language);
}

function languageOf(tag: string): string | undefined {
  return tag.toLowerCase().split('-')[0];
}

/** Returns why what was found for a clear question may not be all of it. */
function whyUnsure({ question, languages }: Unclear, { strong }: SearchResult): Searched['why'] | null {
  if (languages.length === 0) return null;
  if (!strong) return 'weak';
  return clausesOf(question).length > 0 ? 'several' : null;
}
