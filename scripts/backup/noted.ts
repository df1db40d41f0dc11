import type pg from 'pg';
import type { Manifest } from './store.ts';

const KEPT_DAYS = 400;

/** Notes in the database that a backup succeeded, for its age in the metrics. A backup counts without the note, too. */
export async function noted(
  client: pg.Client,
  kind: 'dump' | 'base' | 'check',
  { name, bytes }: Manifest,
): Promise<void> {
  try {
    await client.query('INSERT INTO backups (kind, name, bytes) VALUES ($1, $2, $3)', [kind, name, bytes]);
    await client.query(`DELETE FROM backups WHERE finished_at < now() - $1 * interval '1 day'`, [KEPT_DAYS]);
  } catch (error) {
    console.error(
      `the backup is not noted in the database: ${error instanceof Error ? error.message : error}`,
    );
  }
}
