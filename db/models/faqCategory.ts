import type { Knex } from 'knex';
import { Model } from 'objection';
import { ids } from '../sql.ts';
import type { Along } from './auditEntry.ts';
import { type Tables, FOR_GOOD, operators } from '../personalData.ts';

export type FaqCategoryFields = Pick<FaqCategory, 'name'> &
  Partial<Pick<FaqCategory, 'slug' | 'description'>>;

/** A category of FAQs. Slugs are unique. */
export class FaqCategory extends Model {
  static override tableName = 'faq_categories';

  declare id: number;
  declare name: string;
  declare slug: string;
  declare description: string | null;
  declare created_at: Date;
  declare updated_at: Date;

  static async find(id: number): Promise<FaqCategory | undefined> {
    return FaqCategory.query().findById(id);
  }

  /** Returns a page of categories, oldest first. @param afterId the last id of the previous page; 0 for the first page */
  static async list(limit: number, afterId: number): Promise<FaqCategory[]> {
    return FaqCategory.query().where('id', '>', afterId).orderBy('id').limit(limit);
  }

  static add(
    fields: FaqCategoryFields & { slug: string },
    along: Along,
  ): Promise<FaqCategory | 'slug_taken'> {
    return refused(async (trx) => {
      const category = await FaqCategory.query(trx).insert(fields).returning('*');
      await along(category.id, trx);
      return category;
    });
  }

  /** Writes the fields that are given; undefined when there is no such category. */
  static change(
    id: number,
    fields: Partial<FaqCategoryFields>,
    along: Along,
  ): Promise<FaqCategory | 'slug_taken' | undefined> {
    return refused(async (trx) => {
      const category = await FaqCategory.query(trx)
        .patch({ ...fields, updated_at: FaqCategory.fn.now() })
        .where({ id })
        .returning('*')
        .first();
      if (category !== undefined) await along(id, trx);
      return category;
    });
  }

  /** Deletes a category; its FAQs stay, without a category. Returns false when it does not exist. */
  static remove(id: number, along: Along): Promise<boolean> {
    return FaqCategory.transaction(async (trx) => {
      const deleted = await FaqCategory.query(trx).deleteById(id);
      if (deleted > 0) await along(id, trx);
      return deleted > 0;
    });
  }
}

/** Returns those of some ids that no category has. */
export function missingCategories(asked: number[]): Promise<number[]> {
  return ids(
    `SELECT id FROM unnest(CAST(:ids AS bigint[])) AS asked (id)
     WHERE NOT EXISTS (SELECT FROM faq_categories c WHERE c.id = asked.id) ORDER BY id`,
    { ids: asked },
  );
}

async function refused<T>(write: (trx: Knex) => Promise<T>): Promise<T | 'slug_taken'> {
  try {
    return await FaqCategory.transaction(write);
  } catch (err) {
    if ((err as { constraint?: string }).constraint === 'faq_categories_slug_key') return 'slug_taken';
    throw err;
  }
}

export const tables: Tables = {
  faq_categories: {
    purpose: 'the knowledge base',
    kept: FOR_GOOD,
    bound: operators('what editors wrote'),
    erased: 'none',
    columns: { technical: 'id name slug description created_at updated_at' },
  },
};
