/** Tokens of a message besides its text: role and separators. */
const PER_MESSAGE = 4;
/** Passages' maximum share of the tokens left after system prompt and question; the rest is for history. */
const PASSAGE_SHARE = 0.6;

export type Sizes = {
  budget: number;
  system: number;
  question: number;
  /** Best first. */
  passages: number[];
  /** Newest first. */
  history: number[];
};
/** Number of passages and messages that fit, from the best or newest, and their tokens. */
export type Fit = {
  passages: number;
  history: number;
  tokens: { system: number; passages: number; history: number; question: number };
};

/**
 * Divides the token budget: system prompt and question always, then passages, then history without gaps, newest first.
 * All numbers are tokens.
 */
export function fitToBudget({ budget, system, question, passages, history }: Sizes): Fit {
  const fixed = system + question + 2 * PER_MESSAGE;
  const left = Math.max(0, budget - fixed);
  const offered = takeWhile(passages, left * PASSAGE_SHARE, 0);
  const remembered = takeWhile(history, left - offered.tokens, PER_MESSAGE);
  return {
    passages: offered.count,
    history: remembered.count,
    tokens: { system, passages: offered.tokens, history: remembered.tokens, question },
  };
}

/** Returns the question's token limit beside the system prompt. */
export function questionLimit(budget: number, system: number): number {
  return Math.max(1, budget - system - 2 * PER_MESSAGE);
}

function takeWhile(sizes: number[], limit: number, extra: number): { count: number; tokens: number } {
  let [count, tokens] = [0, 0];
  for (const size of sizes) {
    if (tokens + size + extra > limit) break;
    tokens += size + extra;
    count += 1;
  }
  return { count, tokens };
}
