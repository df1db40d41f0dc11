import { readFile } from 'node:fs/promises';
import type { FoundFaq } from '../../db/models/faqSearch.ts';

/** A question of the labelled set, and the FAQ that answers it; null: no FAQ does, and the search must find none. */
export type Labelled = { question: string; language: string; kind: string; slug: string | null };
/** Shares. recall: the FAQ is among the first five. mrr: mean of 1/rank. falseAnswers: unanswerable questions with a result. */
export type Score = { recall: number; mrr: number; falseAnswers: number };
export type Answer = (question: Labelled, vector: number[]) => Promise<FoundFaq[]>;

type QuestionFile = {
  answerable: Record<string, Record<string, string[]>>;
  unanswerable: Record<string, string[]>;
};

/** Reads the labelled set. @param languages the language of each FAQ by its slug */
export async function readQuestions(languages: Map<string, string>): Promise<Labelled[]> {
  const url = new URL('questions.json', import.meta.url);
  const { answerable, unanswerable } = JSON.parse(await readFile(url, 'utf8')) as QuestionFile;
  const known = Object.entries(answerable).flatMap(([slug, kinds]) => {
    const language = languages.get(slug);
    if (language === undefined) throw new Error(`no FAQ has the slug ${slug}`);
    return Object.entries(kinds).flatMap(([kind, questions]) =>
      questions.map((question) => ({ question, language, kind, slug })),
    );
  });
  const unknown = Object.entries(unanswerable).flatMap(([language, questions]) =>
    questions.map((question) => ({ question, language, kind: 'unanswerable', slug: null })),
  );
  return [...known, ...unknown];
}

/** Asks every question. @param slugs the slug of each FAQ by its id */
export async function score(
  questions: Labelled[],
  vectors: Map<string, number[]>,
  slugs: Map<number, string>,
  answer: Answer,
): Promise<Score> {
  const known = { count: 0, found: 0, reciprocals: 0 };
  const unknown = { count: 0, found: 0 };
  for (const labelled of questions) {
    const found = await answer(labelled, vectors.get(labelled.question) ?? []);
    if (labelled.slug === null) {
      unknown.count += 1;
      unknown.found += found.length > 0 ? 1 : 0;
      continue;
    }
    const rank = found.slice(0, 5).findIndex(({ id }) => slugs.get(id) === labelled.slug) + 1;
    known.count += 1;
    known.found += rank > 0 ? 1 : 0;
    known.reciprocals += rank > 0 ? 1 / rank : 0;
  }
  return {
    recall: known.found / known.count,
    mrr: known.reciprocals / known.count,
    falseAnswers: unknown.found / Math.max(1, unknown.count),
  };
}
