import type { Knex } from 'knex';
import type { FieldError } from '../../shared/base/errors.ts';
import { knex } from '../knex.ts';
import { ids, row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';
import type { OwedFaq } from './faqEmbedding.ts';
import type { FaqFields } from './faq.ts';
import { type Tables, operators } from '../personalData.ts';

export type ImportStatus = 'receiving' | 'queued' | 'in_progress' | 'completed' | 'failed';
export type FaqImportRow = {
  id: number;
  user_id: number;
  status: ImportStatus;
  all_or_nothing: boolean;
  total: number;
  processed: number;
  imported: number;
  failed: number;
  created_at: Date;
  completed_at: Date | null;
};
/** The fields of one uploaded line. `slug_asked`: the editor chose the slug; otherwise it comes from the question. */
export type ImportFields = FaqFields & { slug: string; slug_asked: boolean; category?: string };
export type ImportLine = { line: number; fields?: ImportFields; errors?: FieldError[] };

const columns =
  'id, user_id, status, all_or_nothing, total, processed, imported, failed, created_at, completed_at';

/** Begins an import that is still receiving its lines, so no worker takes it. Returns its id. */
export async function beginImport(userId: number, allOrNothing: boolean): Promise<number> {
  const begun = await row<{ id: number }>(
    'INSERT INTO faq_imports (user_id, all_or_nothing) VALUES (:userId, :allOrNothing) RETURNING id',
    { userId, allOrNothing },
  );
  if (begun === undefined) throw new Error('no import');
  return begun.id;
}

/** Stores lines until they are imported. */
export async function addImportLines(importId: number, lines: ImportLine[]): Promise<void> {
  await row(
    `INSERT INTO faq_import_rows (import_id, line, fields, errors)
     SELECT :importId, line, fields, errors
     FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS given (line integer, fields jsonb, errors jsonb)`,
    { importId, lines: JSON.stringify(lines) },
  );
}

/** Marks an import's upload as complete: from now on the import is owed. */
export async function submitImport(importId: number, along: Along): Promise<void> {
  await knex.transaction(async (trx) => {
    await row(
      `UPDATE faq_imports SET status = 'queued', updated_at = clock_timestamp(),
         total = (SELECT count(*) FROM faq_import_rows WHERE import_id = :importId),
         processed = wrong.count, failed = wrong.count
       FROM (SELECT count(*) FROM faq_import_rows WHERE import_id = :importId AND errors IS NOT NULL) AS wrong
       WHERE id = :importId`,
      { importId },
      trx,
    );
    await along(importId, trx);
  });
}

/** Deletes an import and its lines. */
export async function dropImport(importId: number): Promise<void> {
  await row('DELETE FROM faq_imports WHERE id = :importId', { importId });
}

/** Returns a user's import; undefined when the user has no such import. */
export function findImport(importId: number, userId: number): Promise<FaqImportRow | undefined> {
  return row(`SELECT ${columns} FROM faq_imports WHERE id = :importId AND user_id = :userId`, {
    importId,
    userId,
  });
}

/** Returns the errors of an import's lines, in the order of the lines. */
export function importErrors(
  importId: number,
  limit: number,
): Promise<{ line: number; errors: FieldError[] }[]> {
  return rows(
    `SELECT line, errors FROM faq_import_rows WHERE import_id = :importId AND errors IS NOT NULL
     ORDER BY line LIMIT :limit`,
    { importId, limit },
  );
}

/** Owed: imports without progress for `graceMs`. Also deletes uploads abandoned for an hour. */
export function importsToDeliver(graceMs: number): Promise<number[]> {
  return ids(
    `WITH given_up AS (
       DELETE FROM faq_imports WHERE completed_at IS NULL AND status = 'receiving'
         AND created_at < clock_timestamp() - interval '1 hour')
     SELECT id FROM faq_imports WHERE completed_at IS NULL AND status IN ('queued', 'in_progress')
       AND updated_at < clock_timestamp() - :graceMs * interval '1 ms' ORDER BY id LIMIT 100`,
    { graceMs },
  );
}

/** Ends an import that cannot continue; the FAQs it has added stay. */
export async function failImport(importId: number): Promise<void> {
  await row(
    `UPDATE faq_imports SET status = 'failed', updated_at = clock_timestamp(), completed_at = clock_timestamp()
     WHERE id = :importId AND completed_at IS NULL`,
    { importId },
  );
}

export type Progress = FaqImportRow & { added: OwedFaq[] };

/**
 * Imports the next lines of an import, or all of them where it is all or nothing. However often and by however many
 * it is called, each line is imported once.
 * @returns where the import stands, and the FAQs that were added; undefined when there is nothing to do
 */
export async function importMore(importId: number, count: number): Promise<Progress | undefined> {
  const found = await row<{ all_or_nothing: boolean }>(
    `SELECT all_or_nothing FROM faq_imports WHERE id = :importId AND status IN ('queued', 'in_progress')`,
    { importId },
  );
  if (found === undefined) return undefined;
  return found.all_or_nothing ? importAll(importId, count) : step(knex, importId, count);
}

function step(db: Knex, importId: number, count: number): Promise<Progress | undefined> {
  return row(`SELECT ${columns}, added FROM import_faqs(:importId, :count)`, { importId, count }, db);
}

/** Imports all lines in one transaction of short statements. One long statement would exceed the time limit. */
function importAll(importId: number, count: number): Promise<Progress | undefined> {
  return knex.transaction(async (trx) => {
    await row(`SELECT set_config('parley.faq_set_later', 'on', true)`, {}, trx);
    const added: OwedFaq[] = [];
    let last: Progress | undefined;
    for (;;) {
      const next = await step(trx, importId, count);
      if (next === undefined) break;
      last = next;
      added.push(...next.added);
      if (next.completed_at !== null) break;
    }
    if (last?.status === 'failed') {
      await trx('faqs')
        .whereIn(
          'id',
          added.map(({ id }) => id),
        )
        .delete();
      await trx('faq_imports').where({ id: importId }).update({ imported: 0 });
      return { ...last, imported: 0, added: [] };
    }
    await row('UPDATE faq_set SET version = gen_random_uuid()', {}, trx);
    return last && { ...last, added };
  });
}

export const tables: Tables = {
  faq_imports: {
    purpose: 'imports of FAQs',
    kept: '90 days after their end',
    bound: operators('90 days after their end'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      behaviour: 'created_at updated_at completed_at',
      technical: 'status all_or_nothing total processed imported failed',
    },
  },
  faq_import_rows: {
    purpose: 'rows of an import',
    kept: 'until they are imported',
    bound: operators('until they are imported; 90 days'),
    erased: 'cascade',
    columns: { technical: 'import_id line fields errors' },
  },
};
