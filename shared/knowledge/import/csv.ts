import { pipeline, Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { problem } from '../../base/errors.ts';
import { unescapeFormula } from './formulas.ts';
import { dialectOf, nameOf } from './dialect.ts';
import type { Item } from './json.ts';

export const COLUMNS = [
  'question',
  'answer',
  'category',
  'keywords',
  'language',
  'status',
  'priority',
  'slug',
  'meta_title',
  'meta_description',
];
const BLANK = /^\s*$/;
/** Matches a blank line before the header, with any separator. */
const NOTHING = /^[\s,;|]*$/;
const REQUIRED = ['question', 'answer'];
/** Characters of one record. A quote that is never closed must not swallow the whole file. */
const MAX_RECORD = 256 * 1024;

/**
 * Reads a CSV file with a header line, as in RFC 4180 or as spreadsheets write it (see `dialectOf`). Ignores blank lines
 * and blank columns. Excel leaves out separators after a line's last value, so a short line is whole.
 * @yields each record and the line where it ends: the object that JSON would have, or a text that says what is wrong
 * @throws Problem `validation_failed` for a file that cannot be read further
 */
export async function* csvItems(file: AsyncIterable<string>): AsyncGenerator<Item> {
  const { separator, text } = await dialectOf(file, COLUMNS);
  const options = {
    info: true,
    delimiter: separator,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
  };
  const source = Readable.from(text);
  const parser = parse(options);
  // A failure ends the parser, and the loop below throws it.
  pipeline(source, parser, () => {});
  let header: string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: Info;
    }>) {
      if (record.every((value) => (header === undefined ? NOTHING : BLANK).test(value))) continue;
      if (header === undefined) header = readHeader(record, info.lines);
      else yield { line: info.lines, value: toFields(header, record) };
    }
  } catch (err) {
    throw err instanceof CsvError ? problem('validation_failed', faultOf(err)) : err;
  } finally {
    source.destroy();
  }
  if (header === undefined) throw problem('validation_failed', 'The file is empty');
}

function readHeader(record: string[], line: number): string[] {
  const names = record.map(nameOf);
  const given = names.filter((name) => name !== '');
  const faults = [
    ...REQUIRED.filter((name) => !given.includes(name)).map((name) => `lacks the column ${name}`),
    ...given
      .filter((name) => !COLUMNS.includes(name))
      .map((name) => `has an unknown column ${name.slice(0, 50)}`),
    ...given.filter((name, i) => given.indexOf(name) < i).map((name) => `has the column ${name} twice`),
  ];
  if (faults.length > 0) {
    const errors = faults.slice(0, 20).map((message) => ({ path: '', message }));
    throw problem('validation_failed', `Line ${line} ${faults[0]}`, { errors });
  }
  return names;
}

/** Returns a record's fields without empty ones, or a text that says what is wrong. */
function toFields(header: string[], record: string[]): unknown {
  const missing = header.slice(record.length);
  const surplus = record.filter((value, i) => (header[i] ?? '') === '' && value.trim() !== '');
  if (surplus.length > 0 && record.length <= header.length) return 'has a value in a column without a name';
  if (surplus.length > 0 || REQUIRED.some((name) => missing.includes(name)))
    return `must be ${header.length} fields, not ${record.length}`;
  const given = header
    .map((name, i) => [name, unescapeFormula(record[i] ?? '')] as const)
    .filter(([name, value]) => name !== '' && value !== '');
  return Object.fromEntries(given.map(([name, value]) => [name, typed(name, value)]));
}

function typed(name: string, value: string): unknown {
  if (name === 'keywords') return splitKeywords(value);
  if (name === 'priority' && /^\s*-?\d{1,9}\s*$/.test(value)) return Number(value);
  return value;
}

/** Joins keywords to one field with `|`, and puts a backslash before a `|` or a backslash within a keyword. */
export function joinKeywords(keywords: string[]): string {
  return keywords.map((keyword) => keyword.replace(/[\\|]/g, '\\$&')).join('|');
}

function splitKeywords(value: string): string[] {
  const keywords = value.match(/(?:\\[\\|]|[^|])+/g) ?? [];
  return keywords
    .map((keyword) => keyword.replace(/\\([\\|])/g, '$1').trim())
    .filter((keyword) => keyword !== '');
}

/** Returns what is wrong in fixed words, because csv-parse's messages quote the file. */
function faultOf(err: CsvError): string {
  const line = typeof err.lines === 'number' ? `Line ${err.lines}: ` : '';
  const said: Record<string, string> = {
    CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
    CSV_MAX_RECORD_SIZE: 'the record is too long; is a quote not closed?',
    INVALID_OPENING_QUOTE: 'a quote is inside a field that is not quoted',
    CSV_INVALID_CLOSING_QUOTE: 'something follows a closing quote',
  };
  return `${line}${said[err.code] ?? 'the CSV cannot be read'}`;
}
