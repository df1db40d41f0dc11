import { readFileSync } from 'node:fs';
import { type EmbeddingSet, pauseSet, replaceSet, servedSet } from '../../db/models/embeddingSet.ts';
import {
  likeness,
  missingProbes,
  type Measured,
  type Probe,
  type Reached,
  reachedBy,
  saveProbes,
  saveThresholds,
  setToCalibrate,
} from '../../db/models/threshold.ts';
import { faqSet } from '../../db/models/faqSearch.ts';
import { log } from '../../shared/base/log.ts';
import { stopping } from '../../shared/base/stop.ts';
import { thresholdsOf } from '../../shared/knowledge/offTopic.ts';
import { searchedWords } from '../../shared/knowledge/search.ts';
import { embedFor, mayAsk } from '../../shared/knowledge/vectors.ts';
import { vocabulary } from '../../shared/knowledge/vocabulary.ts';
import { type EmbeddingModel, embeddingModel } from '../../shared/provider/config.ts';
import { ProviderError } from '../../shared/provider/providerErrors.ts';

/** Published FAQs from which thresholds are measured: fewer say little. */
const LEAST_FAQS = 20;
const FILE = new URL('../../shared/knowledge/probes.json', import.meta.url);
/** Everyday questions that hardly any knowledge base answers. */
const PROBES: Probe[] = Object.entries(
  JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string[]>,
).flatMap(([language, texts]) => texts.map((text) => ({ language, text })));

/** Probes by which a model is recognized. */
const SAMPLE = PROBES.slice(0, 3);
/**
 * Two vectors of a text with a lower cosine similarity come from different models. Those of one model differ by rounding alone:
 * above 0.999. Those of two models have other axes: near 0. The value is far from both, and not measured.
 */
const SAME = 0.9;
/** Ms for which this process leaves a set alone that it cannot measure. Meanwhile replace_embedding_set begins no second set. */
const REST = 3_600_000;
const ANEW = 'all FAQs are embedded anew';
const AGAIN = 'a set began within the hour, so it is compared again in an hour';

let measuring: Promise<void> | undefined;
/** Whether the model was compared since the start. */
let recognized = false;
let resting: { key: string; until: number } | undefined;

/** Measures the served vectors in the background where that is owed. Two processes that do so store the same. */
export function keepThresholds(): void {
  if (measuring !== undefined || stopping()) return;
  measuring = measure()
    .catch((err: unknown) => log.warn({ err }, 'Thresholds not measured; tried again'))
    .finally(() => {
      measuring = undefined;
    });
}

/**
 * Measures how near off-topic questions come to the FAQs, where that is owed. Embeds these questions once per set of vectors.
 * Compares the model with the one that made the vectors, once after the start and before each measurement. Leaves a set alone
 * for an hour if another model made its vectors, or if no question reached an FAQ. A failing provider postpones the measurement.
 * @throws what Postgres throws
 */
export async function measure(): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  const owed = await setToCalibrate(LEAST_FAQS, PROBES.length);
  const set = owed ?? (recognized ? undefined : await servedSet());
  if (set === undefined || !mayAsk(set) || rests(set)) return;
  try {
    if (await isReplaced(set)) {
      const begun = await replaceSet(set.key);
      rest(set, `Embedding model gives other vectors; ${begun ? ANEW : AGAIN}`);
      return;
    }
    recognized = true;
    if (owed === undefined) return;
    await embedProbes(set, model);
  } catch (err) {
    if (!(err instanceof ProviderError)) throw err;
    log.warn({ err, model: set.name }, 'Probe questions not embedded; thresholds stay as they are');
    return pauseSet(set.key, err.retryAfterMs);
  }
  if (await calibrate(set)) log.info({ model: set.name }, 'Thresholds measured');
  else rest(set, 'No off-topic question reached an FAQ; thresholds are measured in an hour');
}

function rests({ key }: EmbeddingSet): boolean {
  return resting?.key === key && Date.now() < resting.until;
}

function rest({ key, name }: EmbeddingSet, why: string): void {
  resting = { key, until: Date.now() + REST };
  log.warn({ model: name }, why);
}

/** Says whether a model gives other vectors than those that a set keeps of the same texts. */
async function isReplaced(set: EmbeddingSet): Promise<boolean> {
  if ((await missingProbes(set.key, SAMPLE)).length > 0) return false;
  const texts = SAMPLE.map(({ text }) => text);
  const like = await likeness(set, SAMPLE, await embedFor(set, texts, 'query'));
  return like !== undefined && like < SAME;
}

/**
 * Measures a set by its probes, and stores the thresholds of each language. A language whose probes reached nothing gets the
 * thresholds of all probes. @returns whether a probe reached an FAQ; otherwise stores nothing
 */
export async function calibrate(set: EmbeddingSet): Promise<boolean> {
  const faqs = await faqSet();
  const known = await vocabulary(faqs);
  const all: (Reached & { language: string })[] = [];
  for (const probe of PROBES) {
    const one = await reachedBy(set.key, probe, searchedWords(probe.text, known));
    if (one !== undefined) all.push({ language: probe.language, ...one });
  }
  if (all.length === 0) return false;
  const found = [...Map.groupBy(PROBES, (probe) => probe.language)].map(([language, probes]): Measured => {
    const own = all.filter((one) => one.language === language);
    return { language, probes: probes.length, ...thresholdsOf(own.length > 0 ? own : all) };
  });
  await saveThresholds(set, faqs.version, found);
  return true;
}

async function embedProbes(set: EmbeddingSet, { batch }: EmbeddingModel): Promise<void> {
  const missing = await missingProbes(set.key, PROBES);
  for (let i = 0; i < missing.length; i += batch) {
    const some = missing.slice(i, i + batch);
    const texts = some.map(({ text }) => text);
    await saveProbes(set, PROBES, some, await embedFor(set, texts, 'query'));
  }
}
