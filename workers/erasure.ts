import { erasuresOwed } from '../db/models/erasure.ts';
import { log } from '../shared/base/log.ts';
import { goOnErasing } from '../shared/privacy/erasure.ts';

/** Goes on with every erasure that is owed. One that waits for the end of a run stays owed. */
export async function erasure(): Promise<void> {
  for (const id of await erasuresOwed(0)) {
    const complete = await goOnErasing(id);
    log.info(
      { erasure_id: id },
      complete ? 'account erased' : 'erasure waits for a run to end; the reconciler will retry',
    );
  }
}
