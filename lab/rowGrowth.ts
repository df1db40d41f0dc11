/** `node lab/rowGrowth.ts [MESSAGES]`: answers messages and prints what each adds to Postgres: tables, indexes and WAL. */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeUsers } from './kit/users.ts';
import { startGround } from './kit/ground.ts';
import { untilAnnounced } from './kit/invariants.ts';
import type { Process } from './kit/processes.ts';
import { postMessages } from './kit/traffic.ts';

const messages = Number(process.argv[2] ?? 2_000);
const RATE = 20;
const ENDED_WITHIN_MS = 180_000;

type Sizes = Record<string, { table: number; indexes: number }>;

const ground = await startGround();
let running: Process[] = [];
try {
  const { web, processes } = await ground.startAll();
  running = processes;
  const users = await makeUsers(ground, 50);
  // The first messages fill pages and plans that all later ones share.
  await answered(web, users, 200);
  const [before, from] = [await sizes(), await wal()];
  const accepted = await answered(web, users, messages, 1_000_000);
  const [after, to] = [await sizes(), await wal()];
  const rows = Object.entries(after)
    .map(([name, { table, indexes }]) => ({
      name,
      table: (table - (before[name]?.table ?? 0)) / accepted,
      indexes: (indexes - (before[name]?.indexes ?? 0)) / accepted,
    }))
    .filter(({ table, indexes }) => table + indexes > 20)
    .toSorted((a, b) => b.table + b.indexes - a.table - a.indexes);
  console.log(`| table | bytes a message | of it indexes | a million messages |\n|---|---|---|---|`);
  for (const { name, table, indexes } of rows) console.log(line(name, table, indexes));
  const sum = (of: 'table' | 'indexes') => rows.reduce((total, row) => total + row[of], 0);
  console.log(line('**all**', sum('table'), sum('indexes')));
  console.log(
    `| **WAL** | ${Math.round((to - from) / accepted)} | | ${((to - from) / accepted / 1_000).toFixed(1)} GB |`,
  );
  console.log(`${accepted} messages of ${RATE} a second`);
} finally {
  await Promise.all(running.map((one) => one.stop()));
  await ground.stop();
}

async function answered(web: string, users: Awaited<ReturnType<typeof makeUsers>>, count: number, first = 0) {
  const traffic = postMessages(web, users, RATE, first);
  await sleep((count / RATE) * 1_000);
  const { accepted } = await traffic.end();
  await untilAnnounced(ground.query, ENDED_WITHIN_MS);
  return accepted;
}

async function sizes(): Promise<Sizes> {
  // Dead rows are not growth: what vacuum frees is used again.
  await ground.query('VACUUM');
  const found = await ground.query<{ name: string; table: string; indexes: string }>(
    `SELECT relname AS name, pg_table_size(c.oid) AS table, pg_indexes_size(c.oid) AS indexes
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relkind = 'r'`,
  );
  return Object.fromEntries(
    found.map(({ name, table, indexes }) => [name, { table: Number(table), indexes: Number(indexes) }]),
  );
}

async function wal(): Promise<number> {
  const [row] = await ground.query<{ bytes: string }>(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes`);
  return Number(row?.bytes);
}

function line(name: string, table: number, indexes: number): string {
  const all = table + indexes;
  return `| ${name} | ${Math.round(all)} | ${Math.round(indexes)} | ${(all / 1_000).toFixed(2)} GB |`;
}
