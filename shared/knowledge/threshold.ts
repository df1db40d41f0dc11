import { type FaqSet, faqSet } from '../../db/models/faqSearch.ts';
import { env } from '../base/env.ts';

/** Cosine similarity that counts until the served vectors were measured. It fits some models and no others. */
const THRESHOLD = 0.35;
/** Share of the words that counts until off-topic questions were measured. */
const COVERAGE = 0.35;

/**
 * Returns the cosine similarity from which an FAQ may be an answer: PASSAGE_THRESHOLD, or else what off-topic questions of
 * that language reach among these FAQs; of a language without such questions, the mean of the others.
 */
export function thresholdIn({ thresholds }: Pick<FaqSet, 'thresholds'>, language: string | null): number {
  return env.PASSAGE_THRESHOLD ?? inLanguageOf(thresholds, language) ?? THRESHOLD;
}

/**
 * Returns the share of a question's words from which an FAQ may be an answer although its vector is not near:
 * PASSAGE_COVERAGE, or else what off-topic questions of that language reach among these FAQs.
 */
export function coverageIn({ coverages }: Pick<FaqSet, 'coverages'>, language: string | null): number {
  return env.PASSAGE_COVERAGE ?? inLanguageOf(coverages, language) ?? COVERAGE;
}

/** Returns what was measured for a language, or else the mean of all; undefined where nothing was measured. */
function inLanguageOf(measured: Record<string, number>, language: string | null): number | undefined {
  const own = measured[language?.toLowerCase().split('-')[0] ?? ''];
  if (own !== undefined) return own;
  const all = Object.values(measured);
  return all.length === 0 ? undefined : all.reduce((sum, one) => sum + one, 0) / all.length;
}

/** Returns the threshold of the present FAQs, whatever the language. */
export async function presentThreshold(): Promise<number> {
  return thresholdIn(await faqSet(), null);
}
