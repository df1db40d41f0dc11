/** Code in an answer: its brackets cite nothing. */
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;
/** A mark as the prompt asks for it, [5], and as models vary it: [5, 7], [id=5], 【5】. */
const MARK = /[[【]([^[\]【】\n]{1,80})[\]】]/g;
const NUMBER = /(?<![\p{L}\p{N}_.])\d+(?![\p{L}\p{N}_]|\.\d)/gu;

/** Returns those passages that an answer cites, in the order of the passages. */
export function citedIn<Passage extends { faq_id: number }>(answer: string, passages: Passage[]): Passage[] {
  const ids = new Set<number>();
  for (const [, inside = ''] of answer.replace(CODE, ' ').matchAll(MARK))
    for (const [id] of inside.matchAll(NUMBER)) ids.add(Number(id));
  return passages.filter(({ faq_id }) => ids.has(faq_id));
}
