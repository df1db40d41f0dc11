import type { Readable } from 'node:stream';
import {
  addImportLines,
  beginImport,
  dropImport,
  type ImportLine,
  submitImport,
} from '../../../db/models/faqImport.ts';
import { type By, noted } from '../../accounts/noted.ts';
import { Problem, problem } from '../../base/errors.ts';
import { log } from '../../base/log.ts';
import { enqueue } from '../../delivery/enqueue.ts';
import { slugOf } from '../slug.ts';
import { type Format, itemsOf } from './format.ts';
import { type Item, MAX_LINE } from './json.ts';
import { readText } from './text.ts';

/** The most FAQs of one upload. */
const MAX_ITEMS = 100_000;
/** How much is held in memory before it goes to Postgres. */
const [BATCH_ITEMS, BATCH_CHARACTERS] = [500, 1_000_000];

/** The fields of an FAQ in an upload, and where it stands in the file that people know. */
export type UploadedFaq = Omit<NonNullable<ImportLine['fields']>, 'slug' | 'slug_asked'> & {
  slug?: string;
  line?: number;
};

type Upload = {
  format: Format;
  charset: string;
  allOrNothing: boolean;
  /** Returns a line's value if it is an FAQ. @throws Problem that says what is wrong */
  check: (value: unknown) => UploadedFaq;
  by: By;
};

/**
 * Reads an upload and stores its lines, each as an FAQ or as a fault. An unreadable file leaves no rows.
 * @param options `by`: the actor for the audit log; `charset`: of a CSV file, see `readText`
 * @returns the import's id; the import is owed from now on
 */
export async function receiveImport(
  userId: number,
  bytes: Readable,
  { format, charset, allOrNothing, check, by }: Upload,
): Promise<number> {
  const importId = await beginImport(userId, allOrNothing);
  try {
    const text = readText(bytes, format === 'json' ? 'utf-8' : charset);
    const lines = await keepLines(importId, await itemsOf(text, format), check);
    if (lines === 0) throw problem('validation_failed', 'There are no FAQs in it');
    await submitImport(importId, noted(by, 'faq_import.submitted'));
  } catch (err) {
    await dropImport(importId);
    throw err;
  }
  enqueue('faq_import', { import_id: importId }).catch((err: unknown) =>
    log.warn({ err, import_id: importId }, 'Import not enqueued; the reconciler will retry'),
  );
  return importId;
}

async function keepLines(
  importId: number,
  items: AsyncIterable<Item>,
  check: Upload['check'],
): Promise<number> {
  let [count, size, last]: [number, number, number] = [0, 0, 0];
  let batch: ImportLine[] = [];
  for await (const { line: place, value } of items) {
    count += 1;
    const item = { line: lineOf(value) ?? Math.max(place, last + 1), value };
    if (item.line <= last)
      throw problem(
        'validation_failed',
        `Item ${place}: \`line\` must be greater than that of the item before`,
      );
    last = item.line;
    if (count > MAX_ITEMS) throw problem('validation_failed', `The file must hold at most ${MAX_ITEMS} FAQs`);
    const line = toLine(item, check);
    batch.push(line);
    size += (line.fields?.question.length ?? 0) + (line.fields?.answer.length ?? 0);
    if (batch.length < BATCH_ITEMS && size < BATCH_CHARACTERS) continue;
    await addImportLines(importId, batch);
    [batch, size] = [[], 0];
  }
  if (batch.length > 0) await addImportLines(importId, batch);
  return count;
}

function toLine({ line, value }: Item, check: Upload['check']): ImportLine {
  if (typeof value === 'string') return { line, errors: [{ path: '', message: value.slice(0, 100) }] };
  try {
    const { line: _, ...faq } = check(value);
    const fields = { ...faq, slug: faq.slug ?? slugOf(faq.question), slug_asked: faq.slug !== undefined };
    return { line, fields };
  } catch (err) {
    if (!(err instanceof Problem)) throw err;
    return { line, errors: err.errors ?? [{ path: '', message: err.detail }] };
  }
}

/** Returns the line that an item names; undefined: none, or one that the check refuses. */
function lineOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('line' in value)) return undefined;
  const { line } = value;
  return Number.isInteger(line) && Number(line) >= 1 && Number(line) <= MAX_LINE ? Number(line) : undefined;
}
