import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';
import { type Tables, operators } from '../personalData.ts';

/** An FAQ and its texts' hash; together they name the embedding job. */
export type OwedFaq = { id: number; text_hash: string };
/** One text of an FAQ. part: see faq_parts(). */
export type OwedText = { faq_id: number; part: string; text: string };
export type Embedded = OwedText & { vector: number[] };

/** Owed: FAQs without a vector in a filled or served set, unless claimed or postponed. */
export function faqsToEmbed(limit: number): Promise<OwedFaq[]> {
  return rows(
    `SELECT f.id, md5(f.question || chr(1) || f.answer) AS text_hash FROM faqs f WHERE f.id IN (
       SELECT o.faq_id FROM embedding_models m CROSS JOIN LATERAL (
         SELECT faq_id FROM faq_vectors_owed WHERE model = m.key AND due_at <= clock_timestamp() ORDER BY due_at LIMIT :limit) AS o
       WHERE m.due_at <= clock_timestamp()
         AND (m.key = filled_embedding_set() OR (m.key = serving_embedding_set() AND NOT m.in_columns)))
     ORDER BY f.id LIMIT :limit`,
    { limit },
  );
}

/**
 * Claims texts of the given FAQs that have no vector in a set and no other claim. A claim ends with `saveEmbeddings`,
 * `postponeTexts` or `extendClaims` with 0, or by itself.
 */
export function claimTexts(key: string, ids: number[], limit: number, ms: number): Promise<OwedText[]> {
  return rows(
    `WITH due AS (
       SELECT o.faq_id, o.part FROM faq_vectors_owed o JOIN embedding_models m ON m.key = o.model
       WHERE o.model = :key AND o.faq_id = ANY (:ids) AND o.due_at <= clock_timestamp() AND m.due_at <= clock_timestamp()
       ORDER BY o.faq_id, o.part DESC LIMIT :limit FOR UPDATE OF o SKIP LOCKED),
     claimed AS (
       UPDATE faq_vectors_owed o SET due_at = clock_timestamp() + :ms * interval '1 ms' FROM due
       WHERE o.model = :key AND o.faq_id = due.faq_id AND o.part = due.part
       RETURNING o.faq_id, o.part)
     SELECT c.faq_id, c.part, faq_part(c.part, f.question, f.answer, f.keywords) AS text
     FROM claimed c JOIN faqs f ON f.id = c.faq_id ORDER BY c.faq_id, c.part DESC`,
    { key, ids, limit, ms },
  );
}

/** Notes FAQs' texts as owed in a set that is not searched yet, so that an edit need not wait for the search. */
export async function oweTexts(key: string, ids: number[]): Promise<void> {
  await row(
    `INSERT INTO faq_vectors_owed (model, faq_id, part)
     SELECT m.key, f.id, p.part FROM embedding_models m CROSS JOIN faqs f CROSS JOIN unnest(faq_parts()) AS p (part)
     WHERE m.key = :key AND m.filled_to IS NOT NULL AND NOT m.in_columns AND f.id = ANY (:ids)
       AND NOT EXISTS (SELECT FROM faq_vectors v WHERE v.model = m.key AND v.faq_id = f.id AND v.part = p.part
         AND v.text_hash = md5(faq_part(p.part, f.question, f.answer, f.keywords)))
     ON CONFLICT DO NOTHING`,
    { key, ids },
  );
}

/** Stores the vectors of unchanged texts; texts edited since are due again. Ends the claims. */
export async function saveEmbeddings(key: string, texts: Embedded[]): Promise<void> {
  for (let i = 0; i < texts.length; i += SAVED_AT_ONCE) await save(key, texts.slice(i, i + SAVED_AT_ONCE));
}

/** Texts per statement. Among hundreds of thousands, the index takes about 10 ms per vector; a statement has ten seconds. */
const SAVED_AT_ONCE = 64;

async function save(key: string, texts: Embedded[]): Promise<void> {
  await row(
    `SELECT save_faq_vectors(:key, CAST(:ids AS bigint[]), CAST(:parts AS text[]), CAST(:texts AS text[]), CAST(:vectors AS vector[]))`,
    {
      key,
      ...columnsOf(texts),
      texts: texts.map(({ text }) => text),
      vectors: texts.map(({ vector }) => toSql(vector) as string),
    },
  );
}

/** Postpones texts that could not be embedded: for `ms`, then twice as long, up to `most`. An edit is not postponed. */
export async function postponeTexts(key: string, texts: OwedText[], ms: number, most: number): Promise<void> {
  await row(
    `UPDATE faq_vectors_owed o SET failures = failures + 1,
       due_at = clock_timestamp() + least(:most, :ms * power(2, least(failures, 16))) * interval '1 ms'
     FROM unnest(CAST(:ids AS bigint[]), CAST(:parts AS text[])) AS t (faq_id, part)
     WHERE o.model = :key AND o.faq_id = t.faq_id AND o.part = t.part`,
    { key, ms, most, ...columnsOf(texts) },
  );
}

/** Extends claims. @param ms 0 releases the claims: other workers may claim the texts at once */
export async function extendClaims(key: string, texts: OwedText[], ms: number): Promise<void> {
  await row(
    `UPDATE faq_vectors_owed o SET due_at = clock_timestamp() + :ms * interval '1 ms'
     FROM unnest(CAST(:ids AS bigint[]), CAST(:parts AS text[])) AS t (faq_id, part)
     WHERE o.model = :key AND o.faq_id = t.faq_id AND o.part = t.part`,
    { key, ms, ...columnsOf(texts) },
  );
}

function columnsOf(texts: OwedText[]): { ids: number[]; parts: string[] } {
  return { ids: texts.map(({ faq_id }) => faq_id), parts: texts.map(({ part }) => part) };
}

export const tables: Tables = {
  faq_embedding_claims: {
    purpose: 'embedding',
    kept: 'until it is done',
    bound: operators('one for each FAQ'),
    erased: 'none',
    columns: { technical: 'faq_id text_hash claimed_until failures' },
  },
  faq_vectors: {
    purpose: 'search',
    kept: 'as long as the FAQ',
    bound: operators('a few for each FAQ and model'),
    erased: 'none',
    columns: { technical: 'model faq_id part text_hash vector dimensions' },
  },
  faq_vectors_owed: {
    purpose: 'embedding',
    kept: 'until it is done',
    bound: operators('a few for each FAQ and model'),
    erased: 'none',
    columns: { technical: 'model faq_id part due_at failures' },
  },
};
