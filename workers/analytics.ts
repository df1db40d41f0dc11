import { countNext } from '../db/models/analytics/counting.ts';
import { env } from '../shared/base/env.ts';
import type { Handler } from './work.ts';

/** Days of one job. The rest stays owed, so that other jobs get their turn. */
const DAYS_A_JOB = 50;

/** Counts what is over and what changed, day by day, each in a transaction. Counting a day twice changes nothing. */
export const analytics: Handler<'analytics'> = async ({ data: { part } }) => {
  for (let days = 0; days < DAYS_A_JOB && (await countNext(part, env.RESOLVED_AFTER_H)); days += 1);
};
