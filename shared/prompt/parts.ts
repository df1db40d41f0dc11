import { countTokens, truncateTokens } from '../provider/tokens.ts';

/** A question; `parts` are its messages where others joined the first. */
export type InParts = { question: string; parts?: string[] | null };

/** Tokens between two messages. */
const BETWEEN = 1;

/** Returns a question cut to so many tokens. Of several messages the long ones lose their ends, so that each has its share. */
export function cutQuestion({ question, parts }: InParts, limit: number): string {
  if (parts == null) return truncateTokens(question, limit);
  const sizes = parts.map(countTokens);
  let left = limit - BETWEEN * (parts.length - 1);
  let rest = parts.length;
  let share = 0;
  for (const size of sizes.toSorted((a, b) => a - b)) {
    share = Math.max(1, Math.floor(left / rest));
    if (size > share) break;
    left -= size;
    rest -= 1;
  }
  const cut = parts.map((part, i) => ((sizes[i] ?? 0) > share ? truncateTokens(part, share) : part));
  return truncateTokens(cut.join('\n\n'), limit);
}
