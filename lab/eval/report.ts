import type { Results } from '../eval.ts';
import { UNANSWERABLE } from './domains.ts';
import type { Score } from './measure.ts';

/** Ways that apply no threshold: what they find for unanswerable questions says nothing. */
const RANKINGS = ['vector', 'words', 'fused'];

/** Returns all results as Markdown. @param provider what embedded the questions */
export function report(results: Results[], provider: string): string {
  return results.map((result) => ofDomain(result, provider)).join('\n\n');
}

function ofDomain({ domain: { name, developed, questions, faqs }, ways }: Results, provider: string): string {
  const sample = developed ? 'development' : 'out-of-sample';
  const kinds = [...new Set(questions.map(({ kind }) => kind))];
  return [
    `## ${name}: ${sample}, ${faqs.length} FAQs, ${questions.length} questions, embedded by ${provider}`,
    '',
    '| way | recall@5 | MRR | answered though far | answered though near |',
    '|---|---|---|---|---|',
    ...Object.entries(ways).map(([way, scores]) => overall(way, scores)),
    '',
    `| recall@5 of | questions | ${Object.keys(ways).join(' | ')} |`,
    `|---|---|${'---|'.repeat(Object.keys(ways).length)}`,
    ...kinds.filter(isAnswerable).map((kind) => ofKind(kind, Object.values(ways))),
  ].join('\n');
}

function overall(way: string, scores: Record<string, Score>): string {
  const { all } = scores;
  const wrong = UNANSWERABLE.map((kind) => (RANKINGS.includes(way) ? '' : share(scores[kind]?.answered)));
  return `| ${way} | ${share(all?.recall)} | ${share(all?.mrr)} | ${wrong.join(' | ')} |`;
}

function ofKind(kind: string, ways: Record<string, Score>[]): string {
  const recalls = ways.map((scores) => share(scores[kind]?.recall));
  return `| ${kind.replace('_', ' ')} | ${ways[0]?.[kind]?.questions ?? 0} | ${recalls.join(' | ')} |`;
}

function isAnswerable(kind: string): boolean {
  return !UNANSWERABLE.some((other) => other === kind);
}

function share(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(3);
}
