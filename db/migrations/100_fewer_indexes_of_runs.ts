import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Each update of a run adds an entry to every index that holds the run: two indexes do what four did. `runs_open_by_user` finds
 * the runs of a user that have not begun, and those that are active. `runs_ended` finds completed runs by their time as
 * `runs_completed` did. Statements of the previous release find the same by them.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS public.runs_open_by_user',
    `CREATE INDEX CONCURRENTLY runs_open_by_user ON public.runs (user_id, status)
       WHERE status IN ('waiting', 'queued', 'in_progress')`,
    'DROP INDEX CONCURRENTLY IF EXISTS public.runs_active_by_user',
    'DROP INDEX CONCURRENTLY IF EXISTS public.runs_not_started',
    'DROP INDEX CONCURRENTLY IF EXISTS public.runs_completed',
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [
    `CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_active_by_user ON public.runs (user_id) WHERE status IN ('queued', 'in_progress')`,
    `CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_not_started ON public.runs (user_id) WHERE status IN ('waiting', 'queued')`,
    `CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_completed ON public.runs (completed_at) WHERE status = 'completed'`,
    'DROP INDEX CONCURRENTLY IF EXISTS public.runs_open_by_user',
  ]);
}
