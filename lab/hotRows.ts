/**
 * `node lab/hotRows.ts [LIVES]`: compares what a run writes in one wide row, as it is, with a narrow row that changes and facts
 * that are inserted once. Both take turns on one connection of a scratch cluster; prints CPU of the backend and WAL a run.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { median } from './bench/load.ts';
import { startGround } from './kit/ground.ts';

const [LIVES, TURN] = [Number(process.argv[2] ?? 2_000), 50];
/** What only explanations, prompts and figures read. The rest of the columns is hot. */
const FACTS = {
  moderation: ['moderation'],
  context: ['context'],
  result:
    `error_code error_message finish_reason model parameters prompt_tokens completion_tokens total_tokens
    first_token_ms sources`.split(/\s+/),
};
const CONTEXT = JSON.stringify({
  passages: Array.from({ length: 4 }, (_, i) => ({
    faq_id: i,
    question: `What is the thing called n${i}?`,
    answer: 'An answer of some sentences, as they are written. '.repeat(4),
    similarity: 0.8,
  })),
  tokens: { system: 400, passages: 300, history: 0, question: 20 },
});
const RESULT = {
  finish_reason: "'stop'",
  model: "'bench'",
  parameters: `'{"temperature":0.7}'`,
  prompt_tokens: '9',
  completion_tokens: '9',
  total_tokens: '18',
  first_token_ms: '20',
  sources: "'[]'",
};
const END = "status = 'completed', last_seq = 5, lease_until = NULL, completed_at = clock_timestamp()";

type Side = { name: string; steps: string[]; cpu: number[]; wal: number[] };

const ground = await startGround();
const client = new pg.Client({ connectionString: ground.env.DATABASE_URL });
await client.connect();
// CPU and WAL are compared, not the waits for the disk.
await client.query('SET synchronous_commit = off');
try {
  for (const table of ['wide', 'hot']) await client.query(`CREATE TABLE ${table} (LIKE runs INCLUDING ALL)`);
  for (const [name, columns] of Object.entries(FACTS)) {
    await client.query(
      `CREATE TABLE ${name} AS SELECT id AS run_id, ${columns.join()} FROM runs WHERE false`,
    );
    await client.query(`ALTER TABLE ${name} ADD PRIMARY KEY (run_id)`);
    await client.query(
      `ALTER TABLE hot ${columns.map((column) => `DROP COLUMN ${column} CASCADE`).join(', ')}`,
    );
  }
  const sides = [sideOf('wide'), sideOf('hot')];
  for (let live = 0; live < LIVES; live += TURN)
    for (const side of (live / TURN) % 2 === 0 ? sides : sides.toReversed()) await turn(side, live);
  for (const { name, cpu, wal } of sides) {
    const rest = (values: number[]) => median(values.slice(values.length >> 2));
    console.log(`${name}: ${rest(cpu).toFixed(3)} ms of CPU and ${rest(wal).toFixed(0)} bytes of WAL a run`);
  }
} finally {
  await client.end();
  await ground.stop();
}

/** Returns the statements of a run's life: accept, verdict, context, claim, end, mark. $1 is its id, $2 its context. */
function sideOf(name: 'wide' | 'hot'): Side {
  const insert = `INSERT INTO ${name} (id, user_id, conversation_id, message_id, reply_id, status, language, request_hash,
    generation, queued_at, rank) OVERRIDING SYSTEM VALUE
    SELECT id, 1 + id % 50, id, 2 * id, 2 * id + 1, 'queued', 'en', 'bench', 1, clock_timestamp(), 1
    FROM CAST($1 AS bigint) AS id`;
  const claim = `UPDATE ${name} SET status = 'in_progress', attempt = attempt + 1, not_before = NULL,
    lease_until = clock_timestamp() + interval '8 s', started_at = coalesce(started_at, clock_timestamp()) WHERE id = $1`;
  const mark = `UPDATE ${name} SET announced_at = clock_timestamp() WHERE id = $1`;
  const verdict = `'{"flagged":false,"categories":[],"model":"bench"}'`;
  const [columns, values] = [Object.keys(RESULT).join(', '), Object.values(RESULT).join(', ')];
  const steps =
    name === 'wide'
      ? [
          insert,
          `UPDATE wide SET moderation = ${verdict} WHERE id = $1 AND moderation IS NULL`,
          'UPDATE wide SET context = $2 WHERE id = $1 AND context IS NULL',
          claim,
          `UPDATE wide SET ${END}, (${columns}) = ROW (${values}) WHERE id = $1 AND attempt = 1`,
          mark,
        ]
      : [
          insert,
          `INSERT INTO moderation VALUES ($1, ${verdict}) ON CONFLICT DO NOTHING`,
          'INSERT INTO context VALUES ($1, $2) ON CONFLICT DO NOTHING',
          claim,
          `WITH ended AS (UPDATE hot SET ${END} WHERE id = $1 AND attempt = 1 RETURNING id)
           INSERT INTO result (run_id, ${columns}) SELECT id, ${values} FROM ended`,
          mark,
        ];
  return { name, steps, cpu: [], wal: [] };
}

async function turn({ name, steps, cpu, wal }: Side, first: number): Promise<void> {
  const before = await used();
  for (let id = first + 1; id <= first + TURN; id += 1)
    for (const [i, text] of steps.entries())
      await client.query({ name: `${name}${i}`, text, values: text.includes('$2') ? [id, CONTEXT] : [id] });
  const after = await used();
  cpu.push((after.cpu - before.cpu) / TURN);
  wal.push((after.wal - before.wal) / TURN);
}

/** Returns the backend's CPU so far in ms, and the WAL in bytes. */
async function used(): Promise<{ cpu: number; wal: number }> {
  const { rows } = await client.query<{ pid: number; wal: string }>(
    "SELECT pg_backend_pid() AS pid, pg_current_wal_insert_lsn() - '0/0' AS wal",
  );
  const [ns] = readFileSync(`/proc/${rows[0]?.pid}/schedstat`, 'utf8').split(' ');
  return { cpu: Number(ns) / 1e6, wal: Number(rows[0]?.wal) };
}
