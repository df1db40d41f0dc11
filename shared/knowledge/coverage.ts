/**
 * The share of a question's words that makes an FAQ an answer although its vector is not near. `npm run eval` chose it:
 * below it, unanswerable questions get answers; above it, typed-in keywords find nothing.
 */
export const COVERAGE = 0.35;
