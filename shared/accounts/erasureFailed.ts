import { noteErasureFailure } from '../../db/models/erasureFailure.ts';
import { isUnreachable, ranTooLong } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { erasureFailures } from '../ops/metrics.ts';

/**
 * Notes that an erasure failed, so that it waits longer each time and holds up no other.
 * @throws `err` where Postgres or Redis is away: no account is at fault, and the others would fail too
 */
export async function erasureFailed(kind: 'guest' | 'account', userId: number, err: unknown): Promise<void> {
  if (isUnreachable(err) && !ranTooLong(err)) throw err;
  const noted = await noteErasureFailure(userId);
  erasureFailures.inc({ kind });
  log.warn({ err, user_id: userId, kind, ...noted }, 'Erasure failed; it waits and is tried again');
}
