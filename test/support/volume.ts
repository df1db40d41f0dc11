import pg from 'pg';

/**
 * Fills the tables that the lists of panel and chat read, past all triggers. Statements of half a minute have a connection of
 * their own. Two people in a hundred thousand are suspended, one in a hundred is deleted; one person has a twentieth of all
 * conversations, and an agent resolved a few long ago.
 */
export async function fillLists({
  conversations,
  faqs,
  suggestions,
  entries,
}: {
  conversations: number;
  faqs: number;
  /** Groups of questions, with three questions each on average. */
  suggestions: number;
  /** Of the audit log. */
  entries: number;
}): Promise<void> {
  const client = new pg.Client(process.env.DATABASE_URL);
  await client.connect();
  await client.query('SET synchronous_commit = off');
  const people = Math.max(1_000, Math.floor(conversations / 10));
  try {
    await quietly(client, 'users', PEOPLE, people);
    await quietly(client, 'faq_categories', CATEGORIES, 50);
    await quietly(client, 'faqs', FAQS, faqs);
    await client.query(TERMS);
    await quietly(client, 'conversations', CONVERSATIONS, conversations, people);
    await quietly(client, 'messages', MESSAGES, conversations);
    await quietly(client, 'notifications', NOTIFICATIONS, people);
    await client.query(SUGGESTIONS, [suggestions]);
    await quietly(client, 'messages', QUESTIONS, suggestions * 3, conversations);
    await client.query(GAPS, [suggestions]);
    await client.query(AUDIT_LOG, [entries]);
    await client.query(AUDIT_PARTS, [entries, people]);
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** Runs a statement without the table's triggers. $1: how many rows */
async function quietly(client: pg.Client, table: string, sql: string, ...counts: number[]): Promise<void> {
  await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await client.query(sql, counts);
  await client.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
}

/** The first ones are staff. */
export const STAFF = 60;
/** Has a twentieth of all conversations. */
export const BUSIEST = 100;
/** Resolved a few, and the oldest ones. */
export const SELDOM = 61;

const PEOPLE = `
INSERT INTO users (email, username, hashed_password, role, status, first_name, created_at)
SELECT 'person' || n || '@example.org', 'person' || n, 'x',
  CASE WHEN n <= ${STAFF - 5} OR n = ${SELDOM} THEN 'agent' WHEN n <= ${STAFF} THEN 'admin' ELSE 'user' END,
  CASE WHEN n % 50000 = 207 THEN 'suspended' WHEN n % 100 = 99 THEN 'deleted' ELSE 'active' END,
  'Person ' || n, now() - n * interval '1 minute' FROM generate_series(1, $1::integer) AS n`;

const CATEGORIES = `INSERT INTO faq_categories (name, slug) SELECT 'Topic ' || n, 'topic-' || n FROM generate_series(1, $1::integer) AS n`;

/** A third has an accent: folding it is dear. The archived ones are old. */
const FAQS = `
INSERT INTO faqs (question, answer, keywords, language, status, slug, category_id, published_at)
SELECT 'How do I return the ' || (ARRAY['parcel', 'invoice', 'lamp', 'table', 'chair', 'order', 'gift', 'book', 'phone', 'coat', 'ticket'])[n % 11 + 1]
    || ' number ' || n || ' of the ' || (ARRAY['blue', 'green', 'röd'])[n % 3 + 1] || ' shop?',
  'Use the form of ' || n, ARRAY['topic' || n % 1000, 'return'],
  CASE WHEN n < 100 THEN 'it' ELSE (ARRAY['en', 'de', 'fr'])[n % 3 + 1] END,
  CASE WHEN n < 200 THEN 'archived' WHEN n % 10 = 0 THEN 'draft' ELSE 'published' END, 'faq-' || n,
  CASE WHEN n < 150 THEN (SELECT min(id) FROM faq_categories) ELSE (SELECT min(id) FROM faq_categories) + 1 + n % 49 END, now()
FROM generate_series(1, $1::integer) AS n`;
/** As the trigger writes them, without the words that other searches need. */
const TERMS = `
INSERT INTO faq_terms (faq_id, asked, answered, grams, folded)
SELECT id, '{}', '{}', '', search_folded(faq_listed(question, keywords)) FROM faqs`;

/**
 * $2: how many people. One in 500 waits, one in 1,000 has an agent, and a third is resolved. Titles are short, as first lines
 * are.
 */
const CONVERSATIONS = `
INSERT INTO conversations (user_id, title, is_archived, created_at, last_message_at, status, agent_id, waiting_since, status_since)
SELECT CASE WHEN n % 20 = 0 THEN ${BUSIEST} ELSE 200 + n % ($2::integer - 200) END, 'About order ' || n, n % 7 = 0,
  now() - ($1::integer - n) * interval '20 second', now() - ($1::integer - n) * interval '20 second', status,
  CASE WHEN status = 'agent' OR status = 'resolved' THEN CASE WHEN n < 90 THEN ${SELDOM} ELSE 1 + n % ${STAFF} END END,
  CASE WHEN status = 'waiting' THEN now() - n * interval '1 second' END, now()
FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT CASE WHEN n % 500 = 1 THEN 'waiting' WHEN n % 1000 = 2 THEN 'agent'
  WHEN n % 3 = 0 THEN 'resolved' ELSE 'bot' END AS status) AS s`;

/** Four for each conversation that a list shows first or that is open. */
const MESSAGES = `
INSERT INTO messages (conversation_id, user_id, content, message_type, status)
SELECT c.id, c.user_id, 'Where is order ' || c.id, CASE WHEN k % 2 = 0 THEN 'user' ELSE 'assistant' END, 'sent'
FROM conversations c, generate_series(1, 4) AS k
WHERE c.status IN ('waiting', 'agent') OR c.id < 500 OR c.id > $1::integer - 2000`;

const NOTIFICATIONS = `
INSERT INTO notifications (user_id, kind, shown_at, read_at)
SELECT CASE WHEN n % 2 = 0 THEN ${BUSIEST} ELSE 1 + n END, 'answer_ready', now(), CASE WHEN n % 1000 <> 0 THEN now() END
FROM generate_series(1, $1::integer - 1) AS n`;

/** One in ten is dismissed, one in ten has a draft. */
const SUGGESTIONS = `
INSERT INTO faq_suggestions (status, language, embedding, embedding_model, faq_id)
SELECT CASE WHEN n % 10 = 1 THEN 'dismissed' WHEN n % 10 = 2 THEN 'drafted' ELSE 'open' END, 'en', '[1,0,0]', 'model',
  CASE WHEN n % 10 = 2 THEN (SELECT min(id) FROM faqs) + n % 50 END FROM generate_series(1, $1::integer) AS n`;
/** $2: how many conversations. Not in the newest, which lists show first. */
const QUESTIONS = `
INSERT INTO messages (conversation_id, user_id, content, message_type, status)
SELECT c.id, c.user_id, 'Why is order ' || n || ' late?', 'user', 'sent'
FROM generate_series(1, $1::integer) AS n JOIN conversations c ON c.id = 500 + n % ($2::integer - 3000)`;
/** Each group has a question; the others are spread unevenly. */
const GAPS = `
INSERT INTO faq_gaps (message_id, reason, suggestion_id, embedding)
SELECT id, 'no_passage', 1 + CASE WHEN n <= $1::integer THEN n - 1 ELSE n * n % $1::integer END, '[1,0,0]'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM messages WHERE content LIKE 'Why is order%') AS asked`;

/** Wrote every second entry. */
export const BUSIEST_ACTOR = 1;
/** Wrote one in a thousand, and few of these lately. */
export const SELDOM_ACTOR = 2;
/** One in five thousand is \`user.suspended\`. As entries are since their people stand beside them. */
const AUDIT_LOG = `
INSERT INTO audit_log (at, actor_role, action, target_type, details, chain_seq, prev_hash, hash, parts)
SELECT now() - ($1::integer - n) * interval '10 second', 'agent',
  CASE WHEN n % 5000 = 7 THEN 'user.suspended' WHEN n % 3 = 0 THEN 'conversation.read' ELSE 'conversation.listed' END, 'conversation',
  '{}', n, '', decode(md5(CAST(n AS text)), 'hex'), ARRAY[CAST(md5('a' || n) AS uuid), CAST(md5('s' || n) AS uuid)]
FROM generate_series(1, $1::integer) AS n`;
const AUDIT_PARTS = `
INSERT INTO audit_parts (id, entry_id, kind, person_id, ip)
SELECT CAST(md5('a' || id) AS uuid), id, 'actor',
  CASE WHEN id % 2 = 0 THEN ${BUSIEST_ACTOR} WHEN id % 1000 = 7 AND id < $1::integer / 2 THEN ${SELDOM_ACTOR} ELSE 3 + id % ${STAFF} END, '127.0.0.0/24'
FROM audit_log
UNION ALL SELECT CAST(md5('s' || id) AS uuid), id, 'subject',
  CASE WHEN id % 20000 = 9 THEN ${BUSIEST_ACTOR} ELSE 200 + id % ($2::integer - 200) END, NULL FROM audit_log`;
