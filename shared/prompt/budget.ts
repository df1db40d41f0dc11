/** What each message costs beyond its text: role and separators. */
const PER_MESSAGE = 4;
/** The share of what is left after system prompt and question that passages may take, so that history keeps a place. */
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
/** How many of each fit, counted from the best or newest, and what they cost. */
export type Fit = {
  passages: number;
  history: number;
  tokens: { system: number; passages: number; history: number; question: number };
};

/**
 * Divides the token budget: system prompt and question always, then passages, then history, newest first and
 * without holes. All numbers are tokens.
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

/** How many tokens of a question can stay, so that it fits beside the system prompt. */
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
