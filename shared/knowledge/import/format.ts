import { csvItems } from './csv.ts';
import { type Item, jsonItems } from './json.ts';

/** What an upload is; `unknown`: its first character tells. */
export type Format = 'csv' | 'json' | 'unknown';

/**
 * Tells the format by the content type. Browsers on Windows name a .csv file after the program that opens it
 * (`application/vnd.ms-excel`), or not at all: such names say nothing.
 */
export function formatOf(contentType: string): Format {
  if (/^(text\/(x-)?csv|text\/(tab|comma)-separated-values|application\/(x-)?csv)$/i.test(contentType))
    return 'csv';
  return /^application\/([\w.-]+\+)?json$/i.test(contentType) ? 'json' : 'unknown';
}

/** The encoding in which a CSV file is read: the one that the content type names. UTF-8 is looked at, not believed. */
export function charsetOf(charset: string): string {
  return charset === '' || /^utf-?8$/i.test(charset) ? 'any' : charset;
}

/** The items of an upload, each where it is and what it holds. Throws what `csvItems` and `jsonItems` throw. */
export async function itemsOf(text: AsyncGenerator<string>, format: Format): Promise<AsyncGenerator<Item>> {
  if (format !== 'unknown') return format === 'csv' ? csvItems(text) : jsonItems(text);
  const seen: string[] = [];
  for (;;) {
    const { done, value } = await text.next();
    const first = done ? '[' : /[^\s\uFEFF]/.exec(value)?.[0];
    if (!done) seen.push(value);
    if (first !== undefined) return ('[{'.includes(first) ? jsonItems : csvItems)(joined(seen, text));
  }
}

async function* joined(seen: string[], rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield* seen;
  yield* rest;
}
