/**
 * `node lab/partitions.ts [ROWS]`: compares `messages` as it is with a copy that is partitioned by month: finding a row by its
 * id, a page of a conversation, an insert, and the removal of a month. Counts pages, which no busy machine changes, and times.
 */
import pg from 'pg';
import { startCluster } from './kit/postgres.ts';
import { runToEnd } from '../scripts/services/supervise.ts';

const rows = Number(process.argv[2] ?? 600_000);
const MONTHS = 24;
const CONVERSATIONS = Math.ceil(rows / 20);
const TIMES = 300;
const BATCH = 1_000;

const postgres = await startCluster();
const client = new pg.Client({ connectionString: postgres.url });
try {
  await runToEnd('scripts/migrate.ts', { ...process.env, DATABASE_URL: postgres.url });
  await client.connect();
  await fill();
  console.log(`${rows} rows, ${MONTHS} months, as they are and in partitions`);
  console.log('| what | pages, as it is | pages, partitions | time, times as long |\n|---|---|---|---|');
  const id = Math.floor(rows / 2);
  await compare('a row by its id', `SELECT content FROM %t WHERE id = $1`, [id]);
  await compare('an update by its id', `UPDATE %t SET read_at = now() WHERE id = $1`, [id]);
  await compare(
    'the newest page of a conversation',
    'SELECT id, content FROM %t WHERE conversation_id = $1 ORDER BY id DESC LIMIT 50',
    [Math.floor(CONVERSATIONS / 2)],
  );
  await compare('whether a run has a reply', 'SELECT 1 FROM %t WHERE run_id = $1', [id]);
  await removal();
} finally {
  await client.end();
  await postgres.stop();
}

/** Fills two tables with the columns and indexes of `messages`: a conversation lasts for a month, and ids follow time. */
async function fill(): Promise<void> {
  const columns = '(LIKE messages INCLUDING DEFAULTS)';
  await client.query(`CREATE TABLE flat ${columns}`);
  await client.query(`CREATE TABLE parts ${columns} PARTITION BY RANGE (created_at)`);
  for (let month = 0; month < MONTHS; month += 1)
    await client.query(`CREATE TABLE parts_${month} PARTITION OF parts
      FOR VALUES FROM ('${monthAt(month)}') TO ('${monthAt(month + 1)}')`);
  for (const table of ['flat', 'parts']) {
    // The primary key of a partitioned table contains the time; so must every foreign key to it.
    await client.query(`ALTER TABLE ${table} ADD PRIMARY KEY (id${table === 'parts' ? ', created_at' : ''})`);
    for (const definition of await indexes()) await client.query(definition.replaceAll('%t', table));
    await client.query(
      `INSERT INTO ${table} (id, conversation_id, user_id, message_type, content, created_at, status, run_id)
       SELECT n, 1 + n % ${CONVERSATIONS}, 1 + n % 1000, 'assistant', repeat(md5(n::text), 8),
         '${monthAt(0)}'::timestamptz + (n - 1)::float8 / ${rows} * ('${monthAt(MONTHS)}'::timestamptz - '${monthAt(0)}'), 'sent', n
       FROM generate_series(1, ${rows}) AS n`,
    );
    await client.query(`VACUUM ANALYZE ${table}`);
  }
}

/** The indexes of `messages` that belong to no constraint, with %t for the table. */
async function indexes(): Promise<string[]> {
  const { rows: found } = await client.query<{ definition: string }>(
    `SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index i
     WHERE indrelid = 'messages'::regclass AND NOT indisunique AND pg_get_indexdef(indexrelid) NOT LIKE '%USING gin%'`,
  );
  return found.map(({ definition }) =>
    definition.replace(/INDEX \S+ ON \S+/, 'INDEX ON %t').replaceAll(/\bmessages\./g, ''),
  );
}

async function compare(what: string, sql: string, values: unknown[]): Promise<void> {
  const found: { pages: number; ms: number }[] = [];
  for (const table of ['flat', 'parts']) {
    const text = sql.replace('%t', table);
    const explain = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text.replace('$1', String(values[0]))}`;
    await client.query('BEGIN');
    await client.query(explain);
    const { rows: plans } = await client.query(explain);
    await client.query('ROLLBACK');
    const plan = (plans[0]['QUERY PLAN'] as Record<string, Record<string, number>>[])[0]?.Plan ?? {};
    const began = performance.now();
    for (let i = 0; i < TIMES; i += 1) await client.query({ name: `${what} ${table}`, text, values });
    found.push({
      pages: (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0),
      ms: (performance.now() - began) / TIMES,
    });
  }
  const [flat, parts] = found;
  console.log(
    `| ${what} | ${flat?.pages} | ${parts?.pages} | ${((parts?.ms ?? 0) / (flat?.ms || 1)).toFixed(1)} |`,
  );
}

/** Removes the oldest month: in batches and a vacuum, and as a partition. */
async function removal(): Promise<void> {
  const before = await wal();
  const began = performance.now();
  for (let deleted = BATCH; deleted === BATCH; )
    deleted =
      (
        await client.query(
          `DELETE FROM flat WHERE id IN (SELECT id FROM flat WHERE created_at < '${monthAt(1)}' ORDER BY created_at LIMIT ${BATCH})`,
        )
      ).rowCount ?? 0;
  await client.query('VACUUM flat');
  const ms = performance.now() - began;
  const bytes = (await wal()) - before;
  const month = rows / MONTHS;
  console.log(
    `A month in batches of ${BATCH}, and a vacuum: ${((ms / month) * 1_000).toFixed(0)} µs and ${Math.round(bytes / month)} bytes of WAL a row`,
  );
  const then = performance.now();
  await client.query('DROP TABLE parts_0');
  console.log(`A month as a partition: ${(performance.now() - then).toFixed(0)} ms`);
}

async function wal(): Promise<number> {
  const { rows: found } = await client.query<{ bytes: string }>(
    `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes`,
  );
  return Number(found[0]?.bytes);
}

function monthAt(month: number): string {
  return new Date(Date.UTC(2024, month, 1)).toISOString();
}
