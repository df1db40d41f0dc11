import type { FaqSet } from '../../db/models/faqSearch.ts';
import { env } from '../base/env.ts';
import { inLanguageOf } from './threshold.ts';

/** Share of the words that counts until off-topic questions were measured. */
const UNMEASURED = 0.35;

/**
 * Returns the share of a question's words from which an FAQ may be an answer although its vector is not near:
 * PASSAGE_COVERAGE, or else what off-topic questions of that language reach among these FAQs.
 */
export function coverageIn({ coverages }: Pick<FaqSet, 'coverages'>, language: string | null): number {
  return env.PASSAGE_COVERAGE ?? inLanguageOf(coverages, language) ?? UNMEASURED;
}
