import { row, rows } from '../../sql.ts';
import type { Part } from './ranges.ts';

/** Owed: the parts of analytics that have quarter hours to count. @param quietH as in `countNext` */
export function partsToCount(quietH: number): Promise<{ part: Part }[]> {
  return rows(
    `SELECT p.part FROM (VALUES ('moments'), ('begun')) AS p (part)
     LEFT JOIN (SELECT *, CASE part WHEN 'begun' THEN coalesce(young_to, counted_to) ELSE counted_to END AS until
       FROM analytics_state) AS s ON s.part = p.part
     WHERE s.part IS NULL
       OR s.until < analytics_quarter(clock_timestamp() - interval '5 minutes')
       OR (p.part = 'begun' AND s.quiet_h <> CAST(:quietH AS integer))
       OR (p.part = 'moments' AND (s.renewed_to IS NULL OR s.renewed_to < s.counted_to))
       OR EXISTS (SELECT FROM analytics_changes c
         WHERE c.part = p.part AND c.due_at <= clock_timestamp() AND c.start < s.until)`,
    { quietH },
  );
}

/** Counts a day, or what changed in one. Returns false where nothing was left. @param quietH RESOLVED_AFTER_H */
export async function countNext(part: Part, quietH: number): Promise<boolean> {
  const counted = await row<{ counted: boolean }>(
    'SELECT analytics_count(:part, CAST(:quietH AS integer)) AS counted',
    { part, quietH },
  );
  return counted?.counted === true;
}
