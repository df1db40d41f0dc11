import { readFile } from 'node:fs/promises';
import { knex } from './knex.ts';

/** What the migrations and functions make, one line for each thing. `npm run write` writes it. */
export const SCHEMA_FILE = new URL('schema.txt', import.meta.url);

/** The prefix of indexes that PGlite mostly lacks: it compares all vectors (db/migrations/010_search_at_scale.ts). */
const VECTOR_INDEX = 'vector index ';

/** Reads the present schema: a sorted line for each table, column, constraint, index, trigger and function. */
async function schemaNow(): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { line: string }[] }>(LINES);
  return rows.map(({ line }) => line).sort();
}

/** Returns what the schema file should hold. On PGlite its vector indexes stay as they are listed. */
export async function schemaToList(): Promise<string[]> {
  const [before, now, native] = await Promise.all([listed(), schemaNow(), isNative()]);
  const vectorIndexes = before.filter((line) => line.startsWith(VECTOR_INDEX));
  return native ? now : [...new Set([...now, ...vectorIndexes])].sort();
}

/** Returns the lines of the schema file that the database lacks. An operator's additions do not count. */
export async function missingFromSchema(): Promise<string[]> {
  const [wanted, now, native] = await Promise.all([listed(), schemaNow(), isNative()]);
  const there = new Set(now);
  return wanted.filter((line) => !there.has(line) && (native || !line.startsWith(VECTOR_INDEX)));
}

export async function hasTables(): Promise<boolean> {
  const ours = new Set((await listed()).filter((line) => line.startsWith('table ')));
  return (await schemaNow()).some((line) => ours.has(line));
}

async function listed(): Promise<string[]> {
  return (await readFile(SCHEMA_FILE, 'utf8')).split('\n').filter((line) => line !== '');
}

async function isNative(): Promise<boolean> {
  const { rows } = await knex.raw<{ rows: { version: string }[] }>('SELECT version() AS version');
  return !rows[0]?.version.includes('PGlite');
}

export const LINES = `
WITH own AS (
  SELECT c.oid, c.relname, c.relkind FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relname NOT LIKE 'knex\\_%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')),
tables AS (SELECT oid, relname FROM own WHERE relkind IN ('r', 'p', 'v', 'm'))
SELECT 'table ' || relname AS line FROM tables
UNION ALL
SELECT concat('column ', relname, '.', attname, CASE WHEN attidentity <> '' THEN ' identity'
  WHEN attgenerated <> '' THEN ' generated' WHEN atthasdef THEN ' default' END)
FROM tables JOIN pg_attribute ON attrelid = oid WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT concat('constraint ', relname, '.', conname)
FROM tables JOIN pg_constraint ON conrelid = tables.oid WHERE contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL
-- Leaves out invalid indexes, which a broken CREATE INDEX CONCURRENTLY left, and those of constraints, listed above.
SELECT concat(CASE am.amname WHEN 'hnsw' THEN '${VECTOR_INDEX}' ELSE 'index ' END, i.relname)
FROM tables JOIN pg_index ON indrelid = tables.oid JOIN pg_class i ON i.oid = indexrelid JOIN pg_am am ON am.oid = i.relam
WHERE indisvalid AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
UNION ALL
SELECT concat('trigger ', relname, '.', tgname)
FROM tables JOIN pg_trigger ON tgrelid = tables.oid WHERE NOT tgisinternal AND tgenabled <> 'D'
UNION ALL
-- Names a cost that is not the usual one: without it the planner may choose other plans.
SELECT DISTINCT concat('function ', proname, CASE WHEN procost <> 100 THEN ' cost ' || procost END)
FROM pg_proc p WHERE pronamespace = current_schema()::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`;
