import { pipeline, Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { problem } from '../../../shared/base/errors.ts';
import { unescapeFormula } from './formulas.ts';
import type { Item } from './json.ts';

/** The columns of imports and exports alike. */
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
/** Between the keywords of one FAQ. */
export const KEYWORD_SEPARATOR = '|';
const REQUIRED = ['question', 'answer'];
/** Characters of one record: a quote that is never closed must not take in the whole file. */
const MAX_RECORD = 256 * 1024;

/**
 * The records of a CSV file (RFC 4180, a header line first), each as the object that JSON would have held; the line
 * is where it ends. A record with too few or too many fields is a text that says so, which is no FAQ.
 * Throws `validation_failed` for a file that cannot be read on.
 */
export async function* csvItems(text: AsyncIterable<string>): AsyncGenerator<Item> {
  const options = {
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
  };
  const source = Readable.from(text);
  const parser = parse(options);
  // Whatever fails ends the parser, whose reader hears of it.
  pipeline(source, parser, () => {});
  let header: string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: Info;
    }>) {
      if (header === undefined) header = readHeader(record);
      else yield { line: info.lines, value: toFields(header, record) };
    }
  } catch (err) {
    throw err instanceof CsvError ? problem('validation_failed', faultOf(err)) : err;
  } finally {
    source.destroy();
  }
  if (header === undefined) throw problem('validation_failed', 'The file is empty');
}

function readHeader(record: string[]): string[] {
  const names = record.map((name) => name.trim().toLowerCase());
  const faults = [
    ...REQUIRED.filter((name) => !names.includes(name)).map((name) => `lacks the column ${name}`),
    ...names
      .filter((name) => !COLUMNS.includes(name))
      .map((name) => `has an unknown column ${name.slice(0, 50)}`),
    ...names.filter((name, i) => names.indexOf(name) < i).map((name) => `has the column ${name} twice`),
  ];
  if (faults.length > 0) {
    const errors = faults.slice(0, 20).map((message) => ({ path: '', message }));
    throw problem('validation_failed', `Line 1 ${faults[0]}`, { errors });
  }
  return names;
}

/** Empty fields are absent ones. */
function toFields(header: string[], record: string[]): unknown {
  if (record.length !== header.length) return `must be ${header.length} fields, not ${record.length}`;
  const given = header
    .map((name, i) => [name, unescapeFormula(record[i] ?? '')] as const)
    .filter(([, value]) => value !== '');
  return Object.fromEntries(given.map(([name, value]) => [name, typed(name, value)]));
}

function typed(name: string, value: string): unknown {
  if (name === 'keywords') return value.split(KEYWORD_SEPARATOR).map((keyword) => keyword.trim());
  if (name === 'priority' && /^\s*-?\d{1,9}\s*$/.test(value)) return Number(value);
  return value;
}

/** csv-parse's own messages quote the file. */
function faultOf(err: CsvError): string {
  const line = typeof err.lines === 'number' ? `Line ${err.lines}: ` : '';
  const said: Record<string, string> = {
    CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
    CSV_MAX_RECORD_SIZE: 'the record is too long; is a quote not closed?',
    INVALID_OPENING_QUOTE: 'a quote stands inside a field that is not quoted',
    CSV_INVALID_CLOSING_QUOTE: 'something follows a closing quote',
  };
  return `${line}${said[err.code] ?? 'the CSV cannot be read'}`;
}
