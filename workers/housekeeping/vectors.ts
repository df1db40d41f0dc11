import { dropOldSets, fillSet, switchTo, wantSet } from '../../db/models/embeddingSet.ts';
import { vectorIndexesOwed, workOnIndex } from '../../db/models/vectorIndex.ts';
import { log } from '../../shared/base/log.ts';
import { embeddingModel } from '../../shared/provider/config.ts';
import { stopping } from '../../shared/base/stop.ts';

/** FAQs a pass: those that a statement looks through, how often, and vectors that are taken away. */
const LOOK = 1_000;
const LOOKS = 10;
const DROP = 5_000;

/**
 * Notes which FAQs lack vectors: the `embedding` job's debt. A set of another model is filled beside the one that serves,
 * gets its index, and takes over in one row; then the old one goes.
 */
export async function keepVectors(): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  const { key } = await wantSet(model);
  for (let looks = 0; looks < LOOKS && (await fillSet(key, LOOK)); looks++);
  await keepIndexes();
  if (await switchTo(key)) log.info({ model: key }, 'Vectors of this model serve from now on');
  for (const old of await dropOldSets(DROP)) log.info({ model: old }, 'Vectors of the old model are gone');
}

let building: Promise<void> | undefined;

/** Resolves when no index is being built by this process; for tests. */
export async function indexesKept(): Promise<void> {
  await building;
}

/** Builds what is owed in the background: other work must not wait for minutes. One at a time; stopping leaves the rest owed. */
async function keepIndexes(): Promise<void> {
  if (building !== undefined || stopping()) return;
  const [next] = await vectorIndexesOwed();
  if (next === undefined) return;
  log.info(next, 'Vector index: work begins');
  building = workOnIndex(next)
    .then(() => log.info(next, 'Vector index: work done'))
    .catch((err: unknown) => log.warn({ err, ...next }, 'Vector index: work failed; tried again'))
    .finally(() => {
      building = undefined;
    });
}
