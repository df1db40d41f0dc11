import pg from 'pg';
import { knex } from '../../db/knex.ts';

export type Plan = Record<string, unknown> & { 'Node Type': string; Plans?: Plan[] };

/**
 * Runs a read and explains its last statement, as it was sent.
 * @returns the plan with the rows and times it really had, and what the read returned
 */
export async function explain(read: () => Promise<unknown[]>): Promise<{ plan: Plan; result: unknown[] }> {
  let sent: { sql: string; bindings: unknown[] } | undefined;
  const note = (query: typeof sent) => {
    sent = query;
  };
  knex.on('query', note);
  const result = await read();
  knex.off('query', note);
  if (sent === undefined) throw new Error('nothing was asked');
  const { sql, bindings } = sent;
  const client = new pg.Client(process.env.DATABASE_URL);
  await client.connect();
  const answer = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, bindings);
  await client.end();
  return { plan: answer.rows[0]['QUERY PLAN'][0].Plan, result };
}

/** The nodes that read tables, outermost first. */
export function scansOf(plan: Plan): Plan[] {
  const own = plan['Node Type'].endsWith('Scan') && 'Relation Name' in plan ? [plan] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scansOf)];
}
