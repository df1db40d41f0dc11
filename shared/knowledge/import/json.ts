import { problem } from '../../base/errors.ts';

const MAX_ITEM = 256 * 1024;
/** The greatest line that an item may name. */
export const MAX_LINE = 10_000_000;

/** One item of an upload: its line, counted from 1, and its value. */
export type Item = { line: number; value: unknown };

/**
 * Yields the items of a JSON array one by one, without holding the whole array in memory.
 * @throws Problem `malformed_json`; `validation_failed` for a value that is not an array
 */
export async function* jsonItems(text: AsyncIterable<string>): AsyncGenerator<Item> {
  let [line, item, depth, inText, escaped] = [0, '', 0, false, false];
  let state: 'before' | 'first' | 'item' | 'after' = 'before';
  for await (const piece of text) {
    for (const char of piece) {
      if (state === 'before') {
        if (isSpace(char) || char === '\uFEFF') continue;
        if (char !== '[') throw problem('validation_failed', 'The body must be a JSON array');
        state = 'first';
      } else if (state === 'after') {
        if (!isSpace(char)) throw malformed(line);
      } else if (!inText && depth === 0 && (char === ',' || char === ']')) {
        const empty = item.trim() === '';
        if (!(empty && state === 'first' && char === ']')) yield { line: ++line, value: parse(item, line) };
        item = '';
        state = char === ']' ? 'after' : 'item';
      } else {
        item += char;
        if (item.length > MAX_ITEM) throw problem('validation_failed', `Item ${line + 1} is too long`);
        if (inText) {
          inText = escaped || char !== '"';
          escaped = !escaped && char === '\\';
        } else if (char === '"') inText = true;
        else if (char === '{' || char === '[') depth += 1;
        else if (char === '}' || char === ']') depth -= 1;
      }
    }
  }
  if (state !== 'after') throw malformed(line + 1);
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}

function parse(item: string, line: number): unknown {
  try {
    return JSON.parse(item);
  } catch {
    throw malformed(line);
  }
}

function malformed(line: number) {
  return problem('malformed_json', `The JSON ends or breaks at item ${Math.max(1, line)}`);
}
