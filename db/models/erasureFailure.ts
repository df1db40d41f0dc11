import { row } from '../sql.ts';
import { type Tables, use } from '../personalData.ts';

/** Seconds until a failed erasure is tried again: twice as long after each try, within these. */
const [SOONEST, LATEST] = [30, 21_600];

/** Returns the SQL condition that an account's erasure did not just fail. @param id the column of the account's id */
export const mayBeTried = (id: string) => `NOT EXISTS (SELECT FROM erasure_failures failed
  WHERE failed.user_id = ${id} AND failed.not_before > clock_timestamp())`;

/**
 * Notes that an account's erasure failed. Returns how often, and in how many seconds it is tried again; undefined: it is gone.
 */
export function noteErasureFailure(userId: number): Promise<{ tries: number; wait_s: number } | undefined> {
  return row(
    `INSERT INTO erasure_failures AS known (user_id, not_before)
     SELECT id, clock_timestamp() + CAST(:soonest AS integer) * interval '1 second' FROM users WHERE id = :userId
     ON CONFLICT (user_id) DO UPDATE SET tries = known.tries + 1, failed_at = clock_timestamp(), not_before = clock_timestamp()
       + least(:soonest * power(2, least(known.tries, 20)), CAST(:latest AS integer)) * interval '1 second'
     RETURNING tries, round(extract(epoch FROM not_before - clock_timestamp()))::integer AS wait_s`,
    { userId, soonest: SOONEST, latest: LATEST },
  );
}

export const tables: Tables = {
  erasure_failures: {
    purpose: 'erasures that failed, and when they are tried again',
    kept: 'until the account is erased',
    bound: use('one for each account whose erasure failed; goes with the account'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id', technical: 'tries failed_at not_before' },
  },
};
