import { env } from '../base/env.ts';

/**
 * The share of a question's words that makes an FAQ an answer although its vector is not near: PASSAGE_COVERAGE. `npm run
 * eval` chose its default: below it, unanswerable questions get answers; above it, typed-in keywords find nothing.
 */
export const COVERAGE = env.PASSAGE_COVERAGE;
