import { row, rows } from '../../sql.ts';
import type { Part } from './ranges.ts';
import { type Tables, FOR_GOOD, operators, time, use } from '../../personalData.ts';

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

export const tables: Tables = {
  analytics_cells: {
    purpose: 'figures: counts by quarter hour',
    kept: FOR_GOOD,
    bound: time('96 quarter hours a day, for each assistant, language and model in use'),
    erased: 'none',
    columns: {
      technical:
        'grain start assistant_id language channel model outcome conversations messages_in answers handoffs prompt_tokens completion_tokens total_tokens from_knowledge unanswered rated_up rated_down',
    },
  },
  analytics_begun: {
    purpose: 'figures: what became of conversations',
    kept: FOR_GOOD,
    bound: time('96 quarter hours a day, for each assistant and language in use'),
    erased: 'none',
    columns: {
      technical:
        'grain start assistant_id language channel begun answered pending confirmed resolved_by_bot resolved_by_agent reopened handed_off scored score_sum',
    },
  },
  analytics_people: {
    purpose: 'figures: how many different people; an erased one becomes a random number',
    kept: FOR_GOOD,
    bound: use(
      'one for each active account in a quarter hour, assistant and channel; the hours of old days stay',
    ),
    erased: 'unlinked',
    columns: { link: 'person', technical: 'grain start assistant_id channel' },
  },
  analytics_returns: {
    purpose: 'figures: how many people came back, by the day on which they had written before',
    kept: FOR_GOOD,
    bound: time('a line for each earlier day on which people of a day had written'),
    erased: 'none',
    columns: { technical: 'assistant_id channel start before n' },
  },
  analytics_spread: {
    purpose: 'figures: percentiles',
    kept: FOR_GOOD,
    bound: time('96 quarter hours a day, for each measure, step and channel'),
    erased: 'none',
    columns: { technical: 'grain start assistant_id measure key n channel' },
  },
  analytics_state: {
    purpose: 'figures: how far they are counted',
    kept: FOR_GOOD,
    bound: operators('two'),
    erased: 'none',
    columns: { technical: 'part counted_to quiet_h renewed_to young_to weeks_from people_to' },
  },
  analytics_changes: {
    purpose: 'figures: what changed late',
    kept: 'until it is counted',
    bound: use('until they are counted: one each quarter hour of the last RESOLVED_AFTER_H'),
    erased: 'none',
    columns: { technical: 'id part start due_at stale_at' },
  },
};
