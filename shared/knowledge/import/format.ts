import { problem } from '../../base/errors.ts';
import { csvItems } from './csv.ts';
import { type Item, jsonItems } from './json.ts';

/** The format of an upload; `unknown`: its first character decides. */
export type Format = 'csv' | 'json' | 'unknown';

/** Content types that are neither CSV nor JSON for certain. A form would be read as its own boundary, a page as
 * its mark-up. Not `application/x-www-form-urlencoded`, which curl names where nobody says otherwise. */
const NEITHER =
  /^(multipart|image|audio|video|font)\/|^text\/html$|[/+]xml$|^application\/(zip|gzip|pdf|vnd\.(openxmlformats|oasis)\b.*)$/i;

/**
 * Returns the format that the content type names. Browsers on Windows may name a .csv file after the program that opens it
 * (`application/vnd.ms-excel`). Such a type counts as unknown.
 * @throws Problem `unsupported_media` for a type that is neither CSV nor JSON for certain
 */
export function formatOf(contentType: string): Format {
  if (/^(text\/(x-)?csv|text\/(tab|comma)-separated-values|application\/(x-)?csv)$/i.test(contentType))
    return 'csv';
  if (NEITHER.test(contentType)) throw problem('unsupported_media', 'Send a JSON array, or CSV');
  return /^application\/([\w.-]+\+)?json$/i.test(contentType) ? 'json' : 'unknown';
}

/** Returns the encoding of a CSV file: the charset of the content type. For UTF-8 or none it is `any`, and the bytes decide. */
export function charsetOf(charset: string): string {
  return charset === '' || /^utf-?8$/i.test(charset) ? 'any' : charset;
}

/** Returns the items of an upload with their lines. @throws what `csvItems` and `jsonItems` throw */
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
