import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';

export type FaqStatus = 'draft' | 'published' | 'archived';

export type FaqRow = {
  id: number;
  category_id: number | null;
  question: string;
  answer: string;
  keywords: string[];
  language: string;
  status: FaqStatus;
  priority: number;
  slug: string;
  view_count: number;
  helpful_count: number;
  not_helpful_count: number;
  meta_title: string | null;
  meta_description: string | null;
  created_at: Date;
  updated_at: Date;
  published_at: Date | null;
  /** The FAQ that this one translates. */
  translation_of: number | null;
};
export type FaqFields = Pick<FaqRow, 'question' | 'answer'> &
  Partial<
    Pick<
      FaqRow,
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
/** An FAQ after an editor's change. The hash identifies its texts for embedding. */
export type WrittenFaq = FaqRow & { text_hash: string };
export type Refusal = 'slug_taken' | 'no_category' | 'no_original';

const columns = `id, category_id, question, answer, keywords, language, status, priority, slug, view_count,
  helpful_count, not_helpful_count, meta_title, meta_description, created_at, updated_at, published_at, translation_of`;
const written = [...columns.split(/,\s+/), 'md5(question || chr(1) || answer) AS text_hash'];

/** An FAQ whatever its status; undefined when there is none. */
export function findFaq(id: number): Promise<FaqRow | undefined> {
  return row(`SELECT ${columns} FROM faqs WHERE id = :id`, { id });
}

/** A published FAQ, which counts as a view; undefined when there is none. */
export function viewFaq(id: number): Promise<FaqRow | undefined> {
  return row(
    `UPDATE faqs SET view_count = view_count + 1 WHERE id = :id AND status = 'published' RETURNING ${columns}`,
    { id },
  );
}

/** `q`: words, or parts of words, that question and keywords hold, each of them. `of`: this FAQ and its translations. */
export type FaqFilter = {
  status?: FaqStatus;
  language?: string;
  category_id?: number;
  q?: string;
  of?: number;
};

/** Fields of an index that ends with the id, most useful first. */
const ORDERED = [['category_id'], ['status', 'language'], ['status'], ['language']] as const;

/**
 * Returns a page of FAQs, newest first. BETWEEN and the longer order name the index of the filters: by `=` the planner may walk all FAQs
 * instead, hoping to meet some soon.
 * @param afterId the last id of the previous page
 */
export function listFaqs(filter: FaqFilter, limit: number, afterId: number | null): Promise<FaqRow[]> {
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
  return rows(`SELECT ${columns} FROM faqs ${where} ORDER BY ${order} LIMIT :limit`, {
    ...none,
    ...filter,
    limit,
    afterId,
  });
}

export type NewFaq = FaqFields & { slug: string };

/** Adds an FAQ; returns a refusal when the slug is taken or the category does not exist. */
export function addFaq(fields: NewFaq, along: Along): Promise<WrittenFaq | Refusal> {
  return refused((trx) => insertFaq(fields, along, trx));
}

/** Adds an FAQ in the caller's transaction. @throws the database's error, which `refused` turns into a refusal */
export async function insertFaq(fields: NewFaq, along: Along, trx: Knex): Promise<WrittenFaq> {
  const published_at = fields.status === 'published' ? knex.fn.now() : null;
  const [faq] = (await trx('faqs')
    .insert({ ...fields, published_at })
    .returning(written.map((column) => knex.raw(column)))) as [WrittenFaq];
  await along(faq.id, trx);
  return faq;
}

/** Writes the fields that are given; undefined when there is no such FAQ. */
export function changeFaq(
  id: number,
  fields: Partial<FaqFields>,
  along: Along,
): Promise<WrittenFaq | Refusal | undefined> {
  return refused(async (trx) => {
    const [faq] = (await trx('faqs')
      .where({ id })
      .update({
        ...fields,
        updated_at: knex.fn.now(),
        // The time of the first publication, which outlasts a later unpublishing.
        ...(fields.status === 'published' && { published_at: knex.raw('coalesce(published_at, now())') }),
      })
      .returning(written.map((column) => knex.raw(column)))) as [WrittenFaq?];
    if (faq !== undefined) await along(id, trx);
    return faq;
  });
}

/** Deletes an FAQ; returns false when it does not exist. */
export async function deleteFaq(id: number, along: Along): Promise<boolean> {
  return knex.transaction(async (trx) => {
    const deleted = await trx('faqs').where({ id }).delete();
    if (deleted > 0) await along(id, trx);
    return deleted > 0;
  });
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
    return await knex.transaction(write);
  } catch (err) {
    const { constraint } = err as { constraint?: string };
    if (constraint === 'faqs_slug_key') return 'slug_taken';
    if (constraint === 'faqs_category_id_fkey') return 'no_category';
    if (constraint === 'faqs_translation_of_fkey' || constraint === 'faqs_translation_check')
      return 'no_original';
    throw err;
  }
}
