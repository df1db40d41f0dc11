/** `node lab/exportMemory.ts [MESSAGES]`: see USAGE. */
import { setTimeout as sleep } from 'node:timers/promises';
import { knex } from '../db/knex.ts';
import { row, rows } from '../db/sql.ts';
import { requestExport } from '../db/models/export.ts';
import { stop } from '../shared/base/stop.ts';
import { writeExport } from '../shared/privacy/exports.ts';

const USAGE = `node lab/exportMemory.ts [MESSAGES]

Adds an account with so many messages (200000) to DATABASE_URL, writes its export, prints how much memory that took
beyond an export of ten messages, and removes the account.`;

/** As long as a short answer. */
const WORDS = 20;
/** Messages of a statement, so that none runs into its time limit. */
const BATCH = 500;

if (process.argv[2] === '--help') {
  console.log(USAGE);
  process.exit();
}
const messages = Number(process.argv[2] ?? 200_000);
const few = await exported(10);
const many = await exported(messages);
const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;
console.log(`10 messages: archive ${mib(few.archive)}, peak RSS ${mib(few.peak)}`);
console.log(
  `${messages} messages: archive ${mib(many.archive)}, peak RSS ${mib(many.peak)}, ${many.seconds.toFixed(1)} s`,
);
console.log(`difference: ${mib(many.peak - few.peak)}`);
await stop();

/** Writes an export. Returns the archive's size and the greatest memory of this process meanwhile, in bytes. */
async function exported(count: number): Promise<{ archive: number; peak: number; seconds: number }> {
  const user = await account(count);
  try {
    const { id } = await knex.transaction((trx) => requestExport(user, trx));
    let peak = 0;
    let measuring = true;
    const measure = (async () => {
      for (; measuring; await sleep(20)) peak = Math.max(peak, process.memoryUsage().rss);
    })();
    const began = performance.now();
    await writeExport(id);
    const seconds = (performance.now() - began) / 1_000;
    measuring = false;
    await measure;
    const size = await row<{ bytes: number }>(
      'SELECT coalesce(sum(length(bytes)), 0)::bigint AS bytes FROM export_chunks WHERE export_id = :id',
      { id },
    );
    return { archive: size?.bytes ?? 0, peak, seconds };
  } finally {
    const deleted = () =>
      rows(
        `DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE user_id = :user LIMIT ${BATCH}) RETURNING id`,
        { user },
      );
    while ((await deleted()).length > 0);
    await rows('DELETE FROM users WHERE id = :user', { user });
  }
}

async function account(count: number): Promise<number> {
  const made = await row<{ id: number }>(
    `INSERT INTO users (email, username, hashed_password, gdpr_consent)
     SELECT name || '@example.com', name, 'none', true FROM (SELECT 'export' || floor(random() * 1e9) AS name) AS made RETURNING id`,
  );
  const user = made?.id ?? 0;
  const conversation = await row<{ id: number }>(
    'INSERT INTO conversations (user_id) VALUES (:user) RETURNING id',
    { user },
  );
  for (let from = 0; from < count; from += BATCH)
    await rows(
      `INSERT INTO messages (conversation_id, user_id, message_type, content, status, created_at)
       SELECT :conversation, :user, 'user', (SELECT string_agg(md5(n::text || word::text), ' ') FROM generate_series(1, ${WORDS}) AS word),
         'sent', now() FROM generate_series(CAST(:from AS integer) + 1, CAST(:to AS integer)) AS n`,
      { conversation: conversation?.id ?? 0, user, from, to: Math.min(from + BATCH, count) },
    );
  return user;
}
