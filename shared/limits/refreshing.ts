import { env } from '../base/env.ts';
import { take } from './counters.ts';
import { refusalOf } from './charge.ts';

/**
 * Each refresh leaves a row for as long as its token would have lived. A client needs one refresh in the life of an access
 * token. The limit is four times that, and at least a hundred.
 */
const SECONDS = 900;
const LIMIT = Math.max(100, Math.ceil((4 * SECONDS) / env.ACCESS_TOKEN_TTL_S));

/** Counts a refresh of a user's session. @throws Problem `rate_limited` */
export async function countRefresh(userId: number, sid: number): Promise<void> {
  const window = { name: 'refreshes', limit: LIMIT, seconds: SECONDS };
  const charge = await take([{ ...window, key: `limit:refresh:user:${userId}:session:${sid}` }]);
  if (charge.outcome === 'refused') throw refusalOf(charge, 'This sign-in was refreshed too often: wait');
}
