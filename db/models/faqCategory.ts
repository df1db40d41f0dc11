import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';

export type FaqCategoryRow = {
  id: number;
  name: string;
  slug: string;
  description: string | null;
  created_at: Date;
  updated_at: Date;
};
export type FaqCategoryFields = Pick<FaqCategoryRow, 'name'> &
  Partial<Pick<FaqCategoryRow, 'slug' | 'description'>>;

const columns = ['id', 'name', 'slug', 'description', 'created_at', 'updated_at'];

export function findFaqCategory(id: number): Promise<FaqCategoryRow | undefined> {
  return row(`SELECT ${columns.join(', ')} FROM faq_categories WHERE id = :id`, { id });
}

/** Returns a page of categories, oldest first. @param afterId the last id of the previous page; 0 for the first page */
export function listFaqCategories(limit: number, afterId: number): Promise<FaqCategoryRow[]> {
  return rows(
    `SELECT ${columns.join(', ')} FROM faq_categories WHERE id > :afterId ORDER BY id LIMIT :limit`,
    { limit, afterId },
  );
}

/** Those of some ids that no category has. */
export async function missingCategories(ids: number[]): Promise<number[]> {
  const missing = await rows<{ id: number }>(
    `SELECT id FROM unnest(CAST(:ids AS bigint[])) AS asked (id)
     WHERE NOT EXISTS (SELECT FROM faq_categories c WHERE c.id = asked.id) ORDER BY id`,
    { ids },
  );
  return missing.map(({ id }) => id);
}

export function addFaqCategory(
  fields: FaqCategoryFields & { slug: string },
  along: Along,
): Promise<FaqCategoryRow | 'slug_taken'> {
  return refused(async (trx) => {
    const [category] = (await trx('faq_categories').insert(fields).returning(columns)) as [FaqCategoryRow];
    await along(category.id, trx);
    return category;
  });
}

/** Writes the fields that are given; undefined when there is no such category. */
export function changeFaqCategory(
  id: number,
  fields: Partial<FaqCategoryFields>,
  along: Along,
): Promise<FaqCategoryRow | 'slug_taken' | undefined> {
  return refused(async (trx) => {
    const [category] = (await trx('faq_categories')
      .where({ id })
      .update({ ...fields, updated_at: knex.fn.now() })
      .returning(columns)) as [FaqCategoryRow?];
    if (category !== undefined) await along(id, trx);
    return category;
  });
}

/** Deletes a category; its FAQs stay, without a category. Returns false when it does not exist. */
export async function deleteFaqCategory(id: number, along: Along): Promise<boolean> {
  return knex.transaction(async (trx) => {
    const deleted = await trx('faq_categories').where({ id }).delete();
    if (deleted > 0) await along(id, trx);
    return deleted > 0;
  });
}

async function refused<T>(write: (trx: Knex) => Promise<T>): Promise<T | 'slug_taken'> {
  try {
    return await knex.transaction(write);
  } catch (err) {
    if ((err as { constraint?: string }).constraint === 'faq_categories_slug_key') return 'slug_taken';
    throw err;
  }
}
