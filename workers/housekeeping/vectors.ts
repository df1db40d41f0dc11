import { dropOldSets, fillSet, switchTo, wantSet } from '../../db/models/embeddingSet.ts';
import { vectorIndexesOwed, workOnIndex } from '../../db/models/vectorIndex.ts';
import { log } from '../../shared/base/log.ts';
import { embeddingModel } from '../../shared/provider/config.ts';
import { keepThresholds } from './thresholds.ts';
import { stopping } from '../../shared/base/stop.ts';

/** Per pass: FAQs that a statement looks through, number of such statements, vectors to delete. */
const LOOK = 1_000;
const LOOKS = 10;
const DROP = 5_000;

/**
 * Notes FAQs without vectors as owed to the `embedding` job. A new model's set is filled beside the served set and gets its
 * index. Then the change of one row serves it instead. Then the old set is deleted.
 */
export async function keepVectors(): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  const { key } = await wantSet(model);
  for (let looks = 0; looks < LOOKS && (await fillSet(key, LOOK)); looks++);
  await keepIndexes();
  keepThresholds();
  if (await switchTo(key)) log.info({ model: key }, 'Vectors of this model serve from now on');
  for (const old of await dropOldSets(DROP)) log.info({ model: old }, 'Vectors of the old model are gone');
}

let building: Promise<void> | undefined;

/** Resolves when this process builds no index; for tests. */
export async function indexesKept(): Promise<void> {
  await building;
}

/** Builds owed indexes in the background, one at a time: each may take minutes. A stop leaves the rest owed. */
async function keepIndexes(): Promise<void> {
  if (building !== undefined || stopping()) return;
  const [next] = await vectorIndexesOwed();
  if (next === undefined) return;
  log.info(next, 'Work on a vector index begins');
  building = workOnIndex(next)
    .then(() => log.info(next, 'Work on a vector index ended'))
    .catch((err: unknown) => log.warn({ err, ...next }, 'Work on a vector index failed; tried again'))
    .finally(() => {
      building = undefined;
    });
}
