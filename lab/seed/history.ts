import { knex } from '../../db/knex.ts';
import type { Range } from '../../db/models/analytics/ranges.ts';
import { rows } from '../../db/sql.ts';

/** Conversations of a statement, so that none runs into its time limit on a busy machine. */
const BATCH_SIZE = 200;

/**
 * Adds a history, spread evenly over a window: conversations of two turns, each a message, a run and a reply. Stores it
 * without the triggers that note what changes late, so it has to lie in a database of its own.
 * @param count messages, replies included; four make a conversation
 */
export async function loadHistory({ from, to }: Range, count: number): Promise<void> {
  const conversations = count / 4;
  const users = Math.max(20, count / 200);
  const tables = ['users', 'conversations', 'messages', 'runs', 'message_feedback'];
  for (const table of tables) await knex.raw(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  const step = (to.getTime() - from.getTime()) / 1_000 / conversations;
  const given = { from, step };
  const [{ last_user, last_message, last_conversation }] = (await rows(
    `SELECT (SELECT coalesce(max(id), 0) FROM users) AS last_user, (SELECT coalesce(max(id), 0) FROM messages) AS last_message,
       (SELECT coalesce(max(id), 0) FROM conversations) AS last_conversation`,
  )) as [{ last_user: number; last_message: number; last_conversation: number }];
  await rows(
    `INSERT INTO users (id, email, username, hashed_password, gdpr_consent, created_at) OVERRIDING SYSTEM VALUE
     SELECT CAST(:last_user AS bigint) + n, 'plans' || n || '@parley.local', 'plans' || n, '-', true, :from
     FROM generate_series(1, CAST(:users AS integer)) AS n`,
    { from, last_user, users },
  );
  await rows(
    `INSERT INTO faqs (question, answer, status, slug, published_at) SELECT 'Question ' || n, 'Answer', 'published', 'plans-' || n, now()
     FROM generate_series(1, 50) AS n`,
  );
  const [{ faq }] = (await rows(`SELECT min(id) AS faq FROM faqs WHERE slug LIKE 'plans-%'`)) as [
    { faq: number },
  ];
  const ids = { last_user, last_message, last_conversation, users };
  for (let n = 0; n < conversations; n += BATCH_SIZE) {
    const batch = { ...given, ...ids, first: n + 1, last: Math.min(conversations, n + BATCH_SIZE) };
    await rows(CONVERSATION, batch);
    await rows(MESSAGE, batch);
    await rows(RUN, { ...batch, faq });
    await rows(RATING, batch);
  }
  for (const table of ['users', 'conversations', 'messages'])
    await rows(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), max(id)) FROM ${table}`);
  for (const table of tables) await knex.raw(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
}

const BATCH = 'generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS n';
/** Time of conversation n; person of conversation n; id of its message m, 1 to 4. */
const AT = `CAST(:from AS timestamptz) + (n - 1) * CAST(:step AS float8) * interval '1 second'`;
const WHO = 'CAST(:last_user AS bigint) + 1 + n % CAST(:users AS integer)';
const ID = (m: string) => `CAST(:last_message AS bigint) + (n - 1) * 4 + ${m}`;
const CONVERSATION = `INSERT INTO conversations (id, user_id, language, channel, created_at, last_message_at, message_count) OVERRIDING SYSTEM VALUE
  SELECT CAST(:last_conversation AS bigint) + n, ${WHO}, (ARRAY['en', 'de', 'fr'])[1 + n % 3], (ARRAY['web', 'widget', 'api'])[1 + n % 7 % 3], ${AT}, ${AT}, 4 FROM ${BATCH}`;
const MESSAGE = `INSERT INTO messages (id, conversation_id, user_id, content, message_type, status, created_at) OVERRIDING SYSTEM VALUE
  SELECT ${ID('m')}, CAST(:last_conversation AS bigint) + n, ${WHO}, 'word' || n % 1000, CASE m % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, 'sent', ${AT}
  FROM ${BATCH} CROSS JOIN generate_series(1, 4) AS m`;
const RUN = `INSERT INTO runs (user_id, conversation_id, message_id, reply_id, status, error_code, language, request_hash, model, sources, created_at, started_at,
    completed_at, announced_at, first_token_ms, prompt_tokens, completion_tokens, total_tokens)
  SELECT ${WHO}, CAST(:last_conversation AS bigint) + n, ${ID('m * 2 - 1')}, ${ID('m * 2')}, CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'completed' END,
    CASE WHEN n % 50 = 0 THEN 'internal' END, 'en', '', (ARRAY['small', 'large'])[1 + n % 2],
    CASE WHEN n % 3 = 0 THEN '[]' ELSE jsonb_build_array(jsonb_build_object('faq_id', CAST(:faq AS bigint) + n % 50)) END, ${AT}, ${AT},
    ${AT} + n % 100 * interval '40 milliseconds', ${AT}, 200 + n % 900, 300, 100, 400
  FROM ${BATCH} CROSS JOIN generate_series(1, 2) AS m`;
const RATING = `INSERT INTO message_feedback (message_id, user_id, conversation_id, rating, created_at)
  SELECT ${ID('4')}, ${WHO}, CAST(:last_conversation AS bigint) + n, CASE WHEN n % 3 = 0 THEN 'down' ELSE 'up' END, ${AT} FROM ${BATCH} WHERE n % 10 = 0`;
