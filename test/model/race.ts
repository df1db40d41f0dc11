import pg from 'pg';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { perform, type Step } from './control.ts';

/**
 * Makes two statements truly concurrent. While the gate is shut, a trigger stops each transaction after it wrote
 * a run. The first statement stops at its first write and keeps its locks; the second gets as far as the locks
 * allow. Then both go on.
 */
const GATE = 4711;
const LOOKS = 200;
let keeper: pg.Client | undefined;

export async function buildGate(): Promise<void> {
  keeper = new pg.Client({ connectionString: env.DATABASE_URL });
  await keeper.connect();
  await keeper.query(`
    CREATE OR REPLACE FUNCTION model_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(${GATE}); RETURN NULL; END $$;
    CREATE OR REPLACE TRIGGER model_gate AFTER INSERT OR UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION model_gate()`);
}

export async function removeGate(): Promise<void> {
  await knex.raw('DROP FUNCTION IF EXISTS model_gate CASCADE');
  await keeper?.end();
}

/** Performs two steps of different actors at once, the first one slightly ahead. */
export async function race(first: Step, second: Step): Promise<void> {
  await keeper?.query(`SELECT pg_advisory_lock(${GATE})`);
  const both: Promise<void>[] = [];
  const running = new Set<Promise<void>>();
  try {
    for (const step of [first, second]) {
      const one = perform(step);
      both.push(one);
      running.add(one);
      const over = () => running.delete(one);
      void one.then(over, over);
      await stuck(running);
    }
  } finally {
    await keeper?.query(`SELECT pg_advisory_unlock(${GATE})`);
    await Promise.all(both);
  }
}

/** Resolves when each running statement has ended or waits for a lock. */
async function stuck(running: Set<Promise<void>>): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const waiting = await keeper?.query<{ blocked: number }>(
      `SELECT count(*)::int AS blocked FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'`,
    );
    if ((waiting?.rows[0]?.blocked ?? 0) >= running.size) return;
  }
}
