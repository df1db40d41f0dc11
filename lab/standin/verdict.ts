import { meanTheSame, type Read, wordsOf } from './meaning.ts';

/** Share of a question's words that a passage must hold, or words that mean the same. A real model reads. */
const SHARE = 0.6;

/**
 * Returns the answer to the listwise call of ANSWER_CHECK=model: the ids of passages that hold most of the question's words;
 * undefined for any other text.
 */
export function verdictOn(asked: string): string | undefined {
  const question = /\n<question>([\s\S]*)<\/question>$/.exec(asked)?.[1];
  if (!asked.startsWith('<passages>\n') || question === undefined) return undefined;
  const words = [...new Map(wordsOf(question).map((read) => [read.word, read])).values()];
  const passages = [...asked.matchAll(/^<passage id="(\d+)">\n([\s\S]*?)\n<\/passage>$/gm)];
  const ids = passages.flatMap(([, id, text = '']) => {
    const held = wordsOf(text);
    const isHeld = (word: Read) => held.some((one) => meanTheSame(word, one));
    const share = words.filter(isHeld).length / Math.max(1, words.length);
    return share >= SHARE ? [Number(id)] : [];
  });
  return JSON.stringify({ ids });
}
