import type { Knex } from 'knex';
import { toSql } from 'pgvector';
import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import type { Along } from './auditEntry.ts';
import { Faq, type NewFaq, type Refusal, refused, type WrittenFaq } from './faq.ts';
import { type Tables, FOR_GOOD, operators, use } from '../personalData.ts';

export type SuggestionStatus = 'open' | 'drafted' | 'dismissed';
export type SuggestionRow = {
  id: number;
  status: SuggestionStatus;
  language: string;
  faq_id: number | null;
  asked: number;
  last_asked_at: Date;
  /** The beginnings of its first questions, oldest first, unedited. */
  examples: string[];
  /** The message of the first of them. */
  first_id: number;
  /** How many of its questions its FAQ is near enough to answer; null without an FAQ, and while that has no vectors. */
  would_answer: number | null;
};
export type Gap = {
  message_id: number;
  content: string;
  language: string;
  /** Whether the text may go to the provider: the user consents, and the conversation is not deleted. */
  may_be_sent: boolean;
};

/** Owed: says whether questions wait for a group. First collects the questions answered since the last call. */
export async function gapsToGroup(): Promise<boolean> {
  return (await row<{ owed: boolean }>('SELECT collect_faq_gaps() AS owed'))?.owed === true;
}

export function ungroupedGaps(limit: number): Promise<Gap[]> {
  return rows(
    `SELECT g.message_id, question_of(g.message_id) AS content, c.language, may_be_sent(m.user_id, c.id) AS may_be_sent FROM faq_gaps g JOIN messages m ON m.id = g.message_id
       JOIN conversations c ON c.id = m.conversation_id
     WHERE g.suggestion_id IS NULL ORDER BY g.message_id LIMIT :limit`,
    { limit },
  );
}

/**
 * Puts a question into the group of the same meaning, or begins a group.
 * @param similarity cosine from which two questions mean the same
 */
export async function groupGap(gap: Gap, vector: number[], model: string, similarity: number): Promise<void> {
  await row('SELECT group_faq_gap(:message_id, :language, CAST(:vector AS vector), :model, :similarity)', {
    message_id: gap.message_id,
    language: gap.language,
    vector: toSql(vector) as string,
    model,
    similarity,
  });
}

/** Drops a question that cannot be grouped. */
export async function dropGap({ message_id }: Gap): Promise<void> {
  await row('DELETE FROM faq_gaps WHERE message_id = :message_id', { message_id });
}

const EXAMPLES = 5;
/** Long enough that the redaction sees whole what it must remove. */
const EXAMPLE_CHARACTERS = 2_000;
/** What is shown of the groups `s`, which are those of one page: texts and vectors of all groups would be read otherwise. */
const select = `
  SELECT s.id, s.status, s.language, s.faq_id, s.asked, shown.last_asked_at, shown.first_id,
    (SELECT array_agg(left(question_of(g.message_id), ${EXAMPLE_CHARACTERS}) ORDER BY g.message_id)
     FROM (SELECT message_id FROM faq_gaps WHERE suggestion_id = s.id AND NOT gone ORDER BY message_id LIMIT ${EXAMPLES}) AS g) AS examples,
    CASE WHEN EXISTS (SELECT FROM faq_vectors WHERE faq_id = s.faq_id) THEN (
      SELECT count(*) FROM faq_gaps g WHERE g.suggestion_id = s.id AND NOT g.gone
        AND near_enough(s.faq_id, s.embedding_model, g.embedding, :similarity)) END AS would_answer
  FROM page s CROSS JOIN LATERAL (
    SELECT max(m.created_at) AS last_asked_at, min(m.id) AS first_id
    FROM faq_gaps g JOIN messages m ON m.id = g.message_id WHERE g.suggestion_id = s.id AND NOT g.gone) AS shown
  ORDER BY s.asked DESC, s.id DESC`;

/**
 * Returns a page of suggestions, most asked first.
 * @param similarity cosine from which an FAQ answers a question
 * @param after the end of the previous page
 */
export function listSuggestions(
  status: SuggestionStatus,
  page: { limit: number; after: { asked: number; id: number } | null; similarity: number },
): Promise<SuggestionRow[]> {
  const { limit, after, similarity } = page;
  return rows(
    `WITH page AS (
       SELECT s.*, counted.asked FROM (
         SELECT suggestion_id, count(*) AS asked FROM faq_gaps WHERE suggestion_id IS NOT NULL AND NOT gone GROUP BY suggestion_id
       ) AS counted JOIN faq_suggestions s ON s.id = counted.suggestion_id
       WHERE s.status = :status ${after === null ? '' : 'AND (counted.asked, s.id) < (:asked, :id)'}
       ORDER BY counted.asked DESC, s.id DESC LIMIT :limit)
     ${select}`,
    { status, limit, similarity, ...after },
  );
}

export function findSuggestion(id: number, similarity: number): Promise<SuggestionRow | undefined> {
  return row(
    `WITH page AS (
       SELECT s.*, count(*) AS asked FROM faq_suggestions s JOIN faq_gaps g ON g.suggestion_id = s.id AND NOT g.gone
       WHERE s.id = :id GROUP BY s.id)
     ${select}`,
    { id, similarity },
  );
}

/**
 * Counts the questions that an FAQ is near enough to answer: those of open suggestions and of its own.
 * @param similarity cosine from which an FAQ answers a question
 * @returns null while the FAQ has no vectors
 */
export async function countWouldAnswer(faqId: number, similarity: number): Promise<number | null> {
  const counted = await row<{ would_answer: number }>(
    `SELECT count(*) AS would_answer FROM faqs f
       JOIN faq_suggestions s ON (s.status = 'open' OR s.faq_id = f.id)
       JOIN faq_gaps g ON g.suggestion_id = s.id
     WHERE f.id = :faqId AND NOT g.gone AND near_enough(f.id, s.embedding_model, g.embedding, :similarity)
     HAVING EXISTS (SELECT FROM faq_vectors WHERE faq_id = :faqId)`,
    { faqId, similarity },
  );
  return counted?.would_answer ?? null;
}

/**
 * Turns an open suggestion into a draft FAQ, both in one transaction. Of two concurrent callers one succeeds.
 * @param fromMessageId the message whose text the question is; null: an editor wrote the question
 * @returns the draft, or a refusal; 'decided': the suggestion is not open
 */
export function draftSuggestion(
  id: number,
  fields: NewFaq,
  fromMessageId: number | null,
  along: Along,
): Promise<WrittenFaq | Refusal | 'decided'> {
  return refused(async (trx) => {
    if (!(await close(id, 'drafted', trx))) return 'decided';
    const faq = await Faq.insert(fields, along, trx);
    await trx('faq_suggestions').where({ id }).update({ faq_id: faq.id });
    if (fromMessageId !== null)
      await trx('faqs').where({ id: faq.id }).update({ from_message_id: fromMessageId });
    return faq;
  });
}

/**
 * Dismisses an open suggestion. Of two concurrent callers one succeeds. Returns false when the suggestion is not
 * open or does not exist.
 */
export async function dismissSuggestion(id: number, along: Along): Promise<boolean> {
  return knex.transaction(async (trx) => {
    const closed = await close(id, 'dismissed', trx);
    if (closed) await along(id, trx);
    return closed;
  });
}

async function close(id: number, status: 'drafted' | 'dismissed', trx: Knex): Promise<boolean> {
  const changed = { status, updated_at: knex.raw('clock_timestamp()') };
  return (await trx('faq_suggestions').where({ id, status: 'open' }).update(changed)) > 0;
}

export const tables: Tables = {
  faq_gaps: {
    purpose: 'questions that no FAQ answers',
    kept: 'until they are answered or dismissed',
    bound: use('one for each message; RETENTION_MESSAGES_DAYS'),
    erased: 'cascade',
    columns: { link: 'message_id suggestion_id', content: 'embedding', technical: 'reason created_at gone' },
  },
  faq_gap_scan: {
    purpose: 'finding unanswered questions',
    kept: FOR_GOOD,
    bound: operators('one'),
    erased: 'none',
    columns: { technical: 'only_one scanned_to' },
  },
  faq_suggestions: {
    purpose: 'groups of such questions',
    kept: 'as long as a question of it',
    bound: use('as long as a question of it'),
    erased: 'cascade',
    columns: {
      link: 'id faq_id',
      content: 'embedding',
      technical: 'status language embedding_model created_at updated_at told_at',
    },
  },
};
