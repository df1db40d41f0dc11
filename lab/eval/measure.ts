import type { Labelled } from './domains.ts';

/**
 * Shares. recall: topics with a right FAQ among the first five. mrr: mean of 1/rank of the first right FAQ. answered: questions
 * with any result at all; where no FAQ answers, these are false.
 */
export type Score = { questions: number; recall: number; mrr: number; answered: number };
/** Returns the slugs of what a way of searching finds, best first. */
export type Way = (question: Labelled) => Promise<string[]>;

/** How many results count as found. */
const FIRST = 5;

/** Asks every question, one after the other. @returns the score of each kind, and of `all` that an FAQ answers */
export async function score(questions: Labelled[], way: Way): Promise<Record<string, Score>> {
  const sums = new Map<string, Score>();
  for (const question of questions) {
    const found = (await way(question)).slice(0, FIRST);
    const one = marks(question, found);
    add(sums, question.kind, one);
    if (question.topics.length > 0) add(sums, 'all', one);
  }
  return Object.fromEntries([...sums].map(([kind, sum]) => [kind, mean(sum)]));
}

type Marks = Omit<Score, 'questions'>;

function marks({ topics }: Labelled, found: string[]): Marks {
  const right = new Set(topics.flat());
  const rank = found.findIndex((slug) => right.has(slug)) + 1;
  const met = topics.filter((slugs) => slugs.some((slug) => found.includes(slug))).length;
  return {
    recall: topics.length === 0 ? 0 : met / topics.length,
    mrr: rank > 0 ? 1 / rank : 0,
    answered: found.length > 0 ? 1 : 0,
  };
}

function add(sums: Map<string, Score>, kind: string, { recall, mrr, answered }: Marks): void {
  const sum = sums.get(kind) ?? { questions: 0, recall: 0, mrr: 0, answered: 0 };
  sum.questions += 1;
  sum.recall += recall;
  sum.mrr += mrr;
  sum.answered += answered;
  sums.set(kind, sum);
}

function mean({ questions, recall, mrr, answered }: Score): Score {
  return {
    questions,
    recall: recall / questions,
    mrr: mrr / questions,
    answered: answered / questions,
  };
}
