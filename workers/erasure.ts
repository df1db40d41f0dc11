import { erasureById, erasuresOwed } from '../db/models/erasure.ts';
import { log } from '../shared/base/log.ts';
import { goOnErasing } from '../shared/privacy/erasure.ts';
import { erasureFailed } from '../shared/accounts/erasureFailed.ts';

/**
 * Continues every owed erasure. An erasure that fails, or that waits for the end of a run, stays owed.
 * @throws the first failure, once the others were tried; at once where Postgres or Redis is away
 */
export async function erasure(): Promise<void> {
  const failures: unknown[] = [];
  for (const id of await erasuresOwed(0)) {
    try {
      const complete = await goOnErasing(id);
      log.info(
        { erasure_id: id },
        complete ? 'Account erased' : 'Erasure waits for a run to end; the reconciler will retry',
      );
    } catch (err) {
      const failed = await erasureById(id);
      await erasureFailed('account', failed?.user_id ?? 0, err);
      failures.push(err);
    }
  }
  if (failures.length > 0) throw failures[0];
}
