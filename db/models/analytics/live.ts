import { ids, row } from '../../sql.ts';

export type LiveCounts = {
  runs_in_progress: number;
  waiting: number;
  answers_per_minute: number;
  first_token_ms_p50: number | null;
  conversations_waiting: number;
};

/** Counts what is under way: four small indexes, and the runs of the last five minutes. */
export async function liveCounts(): Promise<LiveCounts> {
  const counts = await row<LiveCounts>(
    `SELECT active.runs_in_progress, active.waiting, ended.answers_per_minute, ended.first_token_ms_p50,
       (SELECT count(*) FROM conversations WHERE status = 'waiting' AND deleted_at IS NULL) AS conversations_waiting
     FROM (SELECT count(*) FILTER (WHERE status = 'in_progress') AS runs_in_progress,
         count(*) FILTER (WHERE status <> 'in_progress') AS waiting
       FROM runs WHERE status IN ('waiting', 'queued', 'in_progress')) AS active
     CROSS JOIN (SELECT count(*) FILTER (WHERE completed_at > clock_timestamp() - interval '1 minute') AS answers_per_minute,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY first_token_ms) AS first_token_ms_p50
       FROM runs WHERE completed_at IS NOT NULL AND completed_at > clock_timestamp() - interval '5 minutes') AS ended`,
  );
  if (counts === undefined) throw new Error('no counts');
  return counts;
}

/** Returns the accounts that may take conversations. */
export function agentIds(): Promise<number[]> {
  return ids(
    `SELECT id FROM users WHERE role IN ('agent', 'admin') AND status = 'active' ORDER BY id LIMIT 10000`,
  );
}
