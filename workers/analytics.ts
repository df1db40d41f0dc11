import { countNext } from '../db/models/analytics/counting.ts';
import { env } from '../shared/base/env.ts';
import type { Handler } from './work.ts';

/** Days of one job: the rest stays owed, and other jobs are not held up. */
const DAYS_A_JOB = 50;

/** Counts what is over and what changed, day by day. Each day is one transaction; twice is once. */
export const analytics: Handler<'analytics'> = async ({ data: { part } }) => {
  for (let days = 0; days < DAYS_A_JOB && (await countNext(part, env.RESOLVED_AFTER_H)); days += 1);
};
