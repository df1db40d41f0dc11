import type { Knex } from 'knex';
import { Model, raw } from 'objection';
import { row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';
import { type Tables, FOR_GOOD, operators, use, WITH_ACCOUNT, WITH_ACCOUNTS } from '../personalData.ts';

export type FaqStatus = 'draft' | 'published' | 'archived';

export type FaqFields = Pick<Faq, 'question' | 'answer'> &
  Partial<
    Pick<
      Faq,
      | 'category_id'
      | 'keywords'
      | 'language'
      | 'status'
      | 'priority'
      | 'slug'
      | 'meta_title'
      | 'meta_description'
      | 'translation_of'
    >
  >;
export type NewFaq = FaqFields & { slug: string };
/** An FAQ after an editor's change. The hash identifies its texts for embedding. */
export type WrittenFaq = Faq & { text_hash: string };
export type Refusal = 'slug_taken' | 'no_category' | 'no_original';
/** `q`: words, or parts of words, that question and keywords hold, each of them. `of`: this FAQ and its translations. */
export type FaqFilter = {
  status?: FaqStatus;
  language?: string;
  category_id?: number;
  q?: string;
  of?: number;
};

/** What editors and readers see of a row. It has vectors too, which are large. */
const columns =
  `id category_id question answer keywords language status priority slug view_count helpful_count
  not_helpful_count meta_title meta_description created_at updated_at published_at translation_of`.split(
    /\s+/,
  );
const written = [...columns, raw('md5(question || chr(1) || answer) AS text_hash')];

/** Fields of an index that ends with the id, most useful first. */
const ORDERED = [['category_id'], ['status', 'language'], ['status'], ['language']] as const;

/** A question with its answer. Slugs are unique. */
export class Faq extends Model {
  static override tableName = 'faqs';

  declare id: number;
  declare category_id: number | null;
  declare question: string;
  declare answer: string;
  declare keywords: string[];
  declare language: string;
  declare status: FaqStatus;
  declare priority: number;
  declare slug: string;
  declare view_count: number;
  declare helpful_count: number;
  declare not_helpful_count: number;
  declare meta_title: string | null;
  declare meta_description: string | null;
  declare created_at: Date;
  declare updated_at: Date;
  declare published_at: Date | null;
  /** The FAQ that this one translates. */
  declare translation_of: number | null;

  /** Returns an FAQ, whatever its status; undefined when there is none. */
  static async find(id: number): Promise<Faq | undefined> {
    return Faq.query().findById(id).select(columns);
  }

  /** Returns a published FAQ, and counts the view; undefined when there is none. */
  static async view(id: number): Promise<Faq | undefined> {
    return Faq.query()
      .patch({ view_count: raw('view_count + 1') })
      .where({ id, status: 'published' })
      .returning(columns)
      .first();
  }

  /**
   * Returns a page of FAQs, newest first. BETWEEN and the longer order name the index of the filters: by `=` the planner may
   * walk all FAQs instead, hoping to meet some soon.
   * @param afterId the last id of the previous page
   */
  static list(filter: FaqFilter, limit: number, afterId: number | null): Promise<Faq[]> {
    const by: readonly string[] =
      filter.q !== undefined || filter.of !== undefined
        ? []
        : (ORDERED.find((fields) => fields.every((field) => filter[field] !== undefined)) ?? []);
    const is = (field: 'status' | 'language' | 'category_id') =>
      filter[field] !== undefined &&
      (by.includes(field) ? `${field} BETWEEN :${field} AND :${field}` : `${field} = :${field}`);
    const conditions = [
      is('status'),
      is('language'),
      is('category_id'),
      filter.q !== undefined &&
        `id IN (SELECT faqs_holding(:q, CAST(:status AS text), CAST(:language AS text), CAST(:category_id AS bigint),
         CAST(:of AS bigint), CAST(:afterId AS bigint), :limit))`,
      filter.of !== undefined && '(id = :of OR translation_of = :of)',
      afterId !== null && 'id < :afterId',
    ].filter((condition) => condition !== false);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const none = { status: null, language: null, category_id: null, of: null };
    const order = [...by, 'id'].map((field) => `${field} DESC`).join(', ');
    return rows(`SELECT ${columns.join()} FROM faqs ${where} ORDER BY ${order} LIMIT :limit`, {
      ...none,
      ...filter,
      limit,
      afterId,
    });
  }

  /** Adds an FAQ; returns a refusal when the slug is taken or the category does not exist. */
  static add(fields: NewFaq, along: Along): Promise<WrittenFaq | Refusal> {
    return refused((trx) => Faq.insert(fields, along, trx));
  }

  /** Adds an FAQ in the caller's transaction. @throws the database's error, which `refused` turns into a refusal */
  static async insert(fields: NewFaq, along: Along, trx: Knex): Promise<WrittenFaq> {
    const published_at = fields.status === 'published' ? Faq.fn.now() : null;
    const faq = await Faq.query(trx)
      .insert({ ...fields, published_at })
      .returning(written);
    await along(faq.id, trx);
    return faq as WrittenFaq;
  }

  /** Writes the fields that are given; undefined when there is no such FAQ. */
  static change(
    id: number,
    fields: Partial<FaqFields>,
    along: Along,
  ): Promise<WrittenFaq | Refusal | undefined> {
    return refused(async (trx) => {
      const faq = await Faq.query(trx)
        .patch({
          ...fields,
          updated_at: Faq.fn.now(),
          // The time of the first publication, which outlasts a later unpublishing.
          ...(fields.status === 'published' && { published_at: raw('coalesce(published_at, now())') }),
        })
        .where({ id })
        .returning(written)
        .first();
      if (faq !== undefined) await along(id, trx);
      return faq as WrittenFaq | undefined;
    });
  }

  /** Deletes an FAQ; returns false when it does not exist. */
  static remove(id: number, along: Along): Promise<boolean> {
    return Faq.transaction(async (trx) => {
      const deleted = await Faq.query(trx).deleteById(id);
      if (deleted > 0) await along(id, trx);
      return deleted > 0;
    });
  }
}

/** off: no vectors are made. waiting: some are owed. failing: the model refused them three times. */
export type Embedded = 'ready' | 'waiting' | 'failing' | 'off';

/** Says of each FAQ whether it has its vectors. */
export function findEmbedded(ids: number[]): Promise<{ id: number; embedding: Embedded }[]> {
  return rows(
    `SELECT f.id, CASE
         WHEN filled_embedding_set() IS NULL THEN 'off'
         WHEN owed.failures > 2 THEN 'failing'
         WHEN owed.failures IS NOT NULL THEN 'waiting'
         WHEN NOT EXISTS (SELECT FROM faq_vectors v WHERE v.faq_id = f.id AND v.model = filled_embedding_set()) THEN 'waiting'
         ELSE 'ready' END AS embedding
     FROM faqs f
     LEFT JOIN LATERAL (SELECT max(o.failures) AS failures FROM faq_vectors_owed o
       WHERE o.faq_id = f.id AND o.model = filled_embedding_set()) AS owed ON true
     WHERE f.id = ANY (:ids)`,
    { ids },
  );
}

/** Stores a user's verdict in place of an earlier one; returns false when no such FAQ is published. */
export async function rateFaq(id: number, userId: number, helpful: boolean): Promise<boolean> {
  const rated = await row<{ found: boolean }>('SELECT rate_faq(:id, :userId, :helpful) AS found', {
    id,
    userId,
    helpful,
  });
  return rated?.found === true;
}

/** Runs a write in one transaction; returns a refusal for a taken slug or a missing category. */
export async function refused<T>(write: (trx: Knex) => Promise<T>): Promise<T | Refusal> {
  try {
    return await Faq.transaction(write);
  } catch (err) {
    const { constraint } = err as { constraint?: string };
    if (constraint === 'faqs_slug_key') return 'slug_taken';
    if (constraint === 'faqs_category_id_fkey') return 'no_category';
    if (constraint === 'faqs_translation_of_fkey' || constraint === 'faqs_translation_check')
      return 'no_original';
    throw err;
  }
}

export const tables: Tables = {
  faqs: {
    purpose: 'the knowledge base',
    kept: FOR_GOOD,
    bound: operators('what editors wrote'),
    erased: 'none',
    columns: {
      technical:
        'id category_id question answer keywords language status priority view_count helpful_count not_helpful_count slug meta_title meta_description created_at updated_at published_at question_embedding question_embedding_model question_text_hash answer_embedding answer_embedding_model answer_text_hash words from_message_id translation_of',
    },
  },
  faq_feedback: {
    purpose: 'ratings of FAQs',
    kept: WITH_ACCOUNT,
    bound: use(`${WITH_ACCOUNTS} and FAQ`),
    erased: 'account',
    owner: 'user_id',
    exported: 'feedback.json',
    columns: { link: 'faq_id user_id', behaviour: 'helpful created_at updated_at' },
  },
};
