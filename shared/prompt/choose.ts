import type { HistoryMessage } from '../../db/models/message.ts';
import type { ContextRecord } from '../../db/models/turn.ts';
import { env } from '../base/env.ts';
import { judge } from './check.ts';
import type { Found } from './retrieval.ts';

type Passages = ContextRecord['passages'];
type Asked = { user_id: number; question: string };
/** nearest: questions that the answer may offer as meant; only where there is no passage. */
export type Choice = { passages: Passages; nearest: string[] };

/** Limit of questions that an answer may offer as meant. */
const OFFERED = 3;
/** Limit of passages that one verdict reads. */
const JUDGED = 12;

/**
 * Chooses what the prompt offers. With ANSWER_CHECK=model a model reads the passages and what is near them, and decides;
 * without its verdict, and otherwise, the thresholds of the search decide. No model reads a first question that is an FAQ's own
 * or surely about one, nor one that no FAQ is near.
 * @param found what the search found, above the thresholds and below
 */
export async function choose(
  { user_id, question }: Asked,
  { passages: found, candidates, below, own, sure }: Omit<Found, 'by_words_only' | 'searched'>,
  history: HistoryMessage[],
): Promise<Choice> {
  if (env.ANSWER_CHECK !== 'model') {
    return { passages: found, nearest: found.length === 0 ? meant(below, own) : [] };
  }
  if (sure) return { passages: found.slice(0, 1), nearest: [] };
  const judged = distinct([...candidates, ...below]).slice(0, JUDGED);
  const before = history.find(({ message_type }) => message_type === 'user')?.content ?? '';
  const same = history.length === 0 && judged.find((faq) => asWritten(faq.question) === asWritten(question));
  if (same) return { passages: [same], nearest: [] };
  const passages = (await judge({ user_id, question, before }, judged)) ?? found;
  return {
    passages: passages.slice(0, env.PASSAGE_LIMIT),
    nearest: passages.length === 0 ? meant(judged, own) : [],
  };
}

/** Returns the questions that may be meant: those in the asker's language, and the others only where it has none. */
function meant(near: Passages, own: ReadonlySet<number>): string[] {
  const readable = near.filter(({ faq_id }) => own.has(faq_id));
  return (readable.length > 0 ? readable : near).slice(0, OFFERED).map(({ question }) => question);
}

/** Returns a question without case, punctuation and spaces: an FAQ that reads the same needs no verdict. */
function asWritten(question: string): string {
  return question.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}

function distinct(passages: Passages): Passages {
  return passages.filter(({ faq_id }, i) => passages.findIndex((other) => other.faq_id === faq_id) === i);
}
