/**
 * The share of a question's words from which an FAQ is an answer without being near by vector. `npm run eval` chose
 * it: below, unanswerable questions are answered; above, typed-in keywords find nothing.
 */
export const COVERAGE = 0.35;
