import { rows } from '../sql.ts';
import { type Tables, time } from '../personalData.ts';

/**
 * Returns how many seconds ago the newest of each kind succeeded; kinds without a note are left out. scripts/backup notes them.
 */
export function backupAges(): Promise<{ kind: 'dump' | 'base' | 'check'; age_s: number }[]> {
  return rows(
    `SELECT kind, extract(epoch FROM clock_timestamp() - max(finished_at))::float8 AS age_s FROM backups GROUP BY kind`,
  );
}

export const tables: Tables = {
  backups: {
    purpose: 'when a backup, or the trial of one, succeeded',
    kept: '400 days',
    bound: time('400 days'),
    erased: 'none',
    columns: { technical: 'id kind name bytes finished_at' },
  },
};
