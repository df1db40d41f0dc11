import { dropOldSets, fillSet, switchTo, wantSet } from '../../db/models/embeddingSet.ts';
import { faqsToEmbed } from '../../db/models/faqEmbedding.ts';
import { vectorIndexesOwed, workOnIndex } from '../../db/models/vectorIndex.ts';
import { enqueueEmbedding } from '../../shared/delivery/enqueue.ts';
import { log } from '../../shared/base/log.ts';
import { embeddingModel } from '../../shared/provider/config.ts';
import { stopping } from '../../shared/base/stop.ts';

/** FAQs a pass: one job's, those that are looked through in a statement and how often, vectors that are taken away. */
const BATCH = 500;
const LOOK = 1_000;
const LOOKS = 10;
const DROP = 5_000;

/**
 * Has FAQs embedded that lack vectors. A set of another model is filled beside the one that serves, gets its index, and takes over
 * in one row; then the old one goes.
 * @returns how many FAQs were enqueued
 */
export async function keepVectors(): Promise<number> {
  const model = embeddingModel();
  if (model === null) return 0;
  const { key } = await wantSet(model);
  for (let looks = 0; looks < LOOKS && (await fillSet(key, LOOK)); looks++);
  const owed = await faqsToEmbed(BATCH);
  if (owed.length > 0) await enqueueEmbedding(owed);
  await keepIndexes();
  if (await switchTo(key)) log.info({ model: key }, 'Vectors of this model serve from now on');
  for (const old of await dropOldSets(DROP)) log.info({ model: old }, 'Vectors of the old model are gone');
  return owed.length;
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
