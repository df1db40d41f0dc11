import pg from 'pg';
import { knex } from '../../db/knex.ts';
import { prepared, way } from '../../db/sql.ts';

export type Plan = Record<string, unknown> & { 'Node Type': string; Plans?: Plan[] };

/**
 * Runs a read and explains its last statement under the generic plan, which a prepared statement may get.
 * @returns the plan with its actual rows and times, and the result of the read
 */
export async function explain(read: () => Promise<unknown[]>): Promise<{ plan: Plan; result: unknown[] }> {
  let sent: Parameters<typeof way.run> | undefined;
  const { run } = way;
  way.run = (...asked) => run(...(sent = asked));
  const result = await read().finally(() => {
    way.run = run;
  });
  if (sent === undefined) throw new Error('nothing was asked');
  const [sql, bindings] = sent;
  const { text, parameters } = prepared(sql);
  const client = new pg.Client(process.env.DATABASE_URL);
  await client.connect();
  await client.query('SET plan_cache_mode = force_generic_plan');
  // The generic plan knows no limit, and would compile for many rows.
  await client.query('SET jit = off');
  await client.query(`PREPARE asked AS ${text}`);
  const values = parameters.map((name) => literal(client, bindings[name])).join(', ');
  const answer = await client.query(
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked${values && ` (${values})`}`,
  );
  await client.end();
  return { plan: answer.rows[0]['QUERY PLAN'][0].Plan, result };
}

/** Explains the last query that knex itself sends, with its values: such a query is planned at each call. */
export async function explainKnex(
  read: () => Promise<unknown[]>,
): Promise<{ plan: Plan; result: unknown[] }> {
  let sent: { sql: string; bindings: unknown[] } | undefined;
  const note = (query: { sql: string; bindings: unknown[] }) => {
    sent = query;
  };
  knex.on('query', note);
  const result = await read().finally(() => knex.removeListener('query', note));
  if (sent === undefined) throw new Error('nothing was asked');
  const client = new pg.Client(process.env.DATABASE_URL);
  await client.connect();
  const answer = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sent.sql}`, sent.bindings);
  await client.end();
  return { plan: answer.rows[0]['QUERY PLAN'][0].Plan, result };
}

/** How many pages of 8 kB a plan read, from memory or not. */
export function buffersOf(plan: Plan): number {
  return Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
}

function literal(client: pg.Client, value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value))
    return client.escapeLiteral(`{${value.map((one) => JSON.stringify(one)).join()}}`);
  return client.escapeLiteral(value instanceof Date ? value.toISOString() : String(value));
}

/** Returns the nodes that read tables, outermost first. */
export function scansOf(plan: Plan): Plan[] {
  const own = plan['Node Type'].endsWith('Scan') && 'Relation Name' in plan ? [plan] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scansOf)];
}
