import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';

/** An FAQ and the hash of its texts; together they name the job that embeds it. */
export type OwedFaq = { id: number; text_hash: string };
/** An FAQ's texts that lack a vector; null for a text that has its own. */
export type FaqToEmbed = { id: number; question: string | null; answer: string | null };
export type Embedded = { text: string; vector: number[] };

const textHash = `md5(question || chr(1) || answer)`;
/** Two ranges instead of `<>`, because an index can answer ranges. */
const lacks = (part: 'question' | 'answer') =>
  `(${part}_text_hash IS DISTINCT FROM md5(${part})
    OR ${part}_embedding_model < :model OR ${part}_embedding_model > :model)`;

/** Owed: FAQs with a vector that is missing, of an older text or of another model, and that no worker has claimed. */
export function faqsToEmbed(model: string, limit: number): Promise<OwedFaq[]> {
  return rows(
    `SELECT id, text_hash FROM (
       SELECT id, ${textHash} AS text_hash FROM faqs
       WHERE question_text_hash IS DISTINCT FROM md5(question) OR answer_text_hash IS DISTINCT FROM md5(answer)
       UNION
       SELECT id, ${textHash} FROM faqs WHERE question_embedding_model < :model OR question_embedding_model > :model
       UNION
       SELECT id, ${textHash} FROM faqs WHERE answer_embedding_model < :model OR answer_embedding_model > :model
     ) AS owed
     WHERE NOT EXISTS (SELECT FROM faq_embedding_claims c
       WHERE c.faq_id = owed.id AND c.text_hash = owed.text_hash AND c.claimed_until > clock_timestamp())
     ORDER BY id LIMIT :limit`,
    { model, limit },
  );
}

/**
 * Claims some of the given FAQs: those that lack a vector and that no other worker holds. `saveEmbeddings`,
 * `postponeEmbedding` or the passing of `ms` ends a claim.
 */
export function claimFaqsToEmbed(
  ids: number[],
  model: string,
  limit: number,
  ms: number,
): Promise<FaqToEmbed[]> {
  return rows(
    `WITH claimed AS (
       INSERT INTO faq_embedding_claims AS c (faq_id, text_hash, claimed_until)
       SELECT id, ${textHash}, clock_timestamp() + :ms * interval '1 ms' FROM faqs f
       WHERE id = ANY (:ids) AND (${lacks('question')} OR ${lacks('answer')})
         AND NOT EXISTS (SELECT FROM faq_embedding_claims held WHERE held.faq_id = f.id
           AND held.text_hash = ${textHash} AND held.claimed_until > clock_timestamp())
       ORDER BY id LIMIT :limit
       ON CONFLICT (faq_id) DO UPDATE SET text_hash = excluded.text_hash, claimed_until = excluded.claimed_until,
         failures = CASE WHEN c.text_hash = excluded.text_hash THEN c.failures ELSE 0 END
         WHERE c.text_hash <> excluded.text_hash OR c.claimed_until <= clock_timestamp()
       RETURNING faq_id, text_hash)
     SELECT id, CASE WHEN ${lacks('question')} THEN question END AS question,
       CASE WHEN ${lacks('answer')} THEN answer END AS answer
     FROM faqs JOIN claimed ON id = faq_id AND ${textHash} = text_hash ORDER BY id`,
    { ids, model, limit, ms },
  );
}

/** Stores the vectors of texts that have not changed since, and ends the claims. Edited texts stay owed. */
export async function saveEmbeddings(
  faqs: { id: number; question: Embedded | null; answer: Embedded | null }[],
  model: string,
): Promise<void> {
  const part = (name: 'question' | 'answer') => ({
    [`${name}s`]: faqs.map((faq) => faq[name]?.text ?? null),
    [`${name}Vectors`]: faqs.map((faq) => (faq[name] === null ? null : (toSql(faq[name].vector) as string))),
  });
  const write = (name: 'question' | 'answer') => `
    ${name}_embedding = CASE WHEN f.${name} = new.${name} THEN new.${name}_vector ELSE ${name}_embedding END,
    ${name}_embedding_model = CASE WHEN f.${name} = new.${name} THEN :model ELSE ${name}_embedding_model END,
    ${name}_text_hash = CASE WHEN f.${name} = new.${name} THEN md5(new.${name}) ELSE ${name}_text_hash END`;
  await row(
    `WITH saved AS (
       UPDATE faqs f SET ${write('question')}, ${write('answer')}
       FROM unnest(CAST(:ids AS bigint[]), CAST(:questions AS text[]), CAST(:questionVectors AS vector[]),
         CAST(:answers AS text[]), CAST(:answerVectors AS vector[]))
         AS new (id, question, question_vector, answer, answer_vector)
       WHERE f.id = new.id)
     DELETE FROM faq_embedding_claims WHERE faq_id = ANY (:ids)`,
    { ids: faqs.map(({ id }) => id), model, ...part('question'), ...part('answer') },
  );
}

/**
 * Holds back FAQs whose texts the provider refused: a minute, then two, up to an hour. An edited text is not held back.
 */
export async function postponeEmbedding(ids: number[]): Promise<void> {
  await row(
    `UPDATE faq_embedding_claims SET failures = failures + 1,
       claimed_until = clock_timestamp() + least(60, power(2, least(failures, 6))) * interval '1 minute'
     WHERE faq_id = ANY (:ids)`,
    { ids },
  );
}

/** Gives up claims without a result: other workers may try at once. */
export async function releaseClaims(ids: number[]): Promise<void> {
  await row('DELETE FROM faq_embedding_claims WHERE faq_id = ANY (:ids)', { ids });
}
