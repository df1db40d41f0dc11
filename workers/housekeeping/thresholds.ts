import { readFileSync } from 'node:fs';
import { type EmbeddingSet, pauseSet, replaceSet } from '../../db/models/embeddingSet.ts';
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
/** Cosine similarity below which a text's vector is of another model: one model's vectors differ by rounding. */
const SAME = 0.9;

let measuring: Promise<void> | undefined;
let recognized = false;

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
 * Measures how near off-topic questions come to the FAQs, where that is owed. Embeds these questions once per set of vectors. At
 * the first call, and before each measurement, compares the model with the one that made the vectors.
 */
export async function measure(): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  const owed = await setToCalibrate(LEAST_FAQS, PROBES.length);
  const set = owed ?? (recognized ? null : (await faqSet()).vectors);
  recognized = true;
  if (!set || !mayAsk(set)) return;
  try {
    if ((await isReplaced(set)) && (await replaceSet(set.key))) {
      log.warn({ model: set.name }, 'Embedding model gives other vectors; all FAQs are embedded anew');
      return;
    }
    if (owed === undefined) return;
    await embedProbes(set, model);
  } catch (err) {
    if (!(err instanceof ProviderError)) throw err;
    log.warn({ err, model: set.name }, 'Probe questions not embedded; thresholds stay as they are');
    return pauseSet(set.key, err.retryAfterMs);
  }
  await calibrate(set.key);
  log.info({ model: set.name }, 'Thresholds measured');
}

/** Says whether a model gives other vectors than those that a set keeps of the same texts. */
async function isReplaced(set: EmbeddingSet): Promise<boolean> {
  if ((await missingProbes(set.key, SAMPLE)).length > 0) return false;
  const texts = SAMPLE.map(({ text }) => text);
  const like = await likeness(set.key, SAMPLE, await embedFor(set, texts, 'query'));
  return like !== undefined && like < SAME;
}

/** Measures a set by its probes, and stores the thresholds of each language. */
export async function calibrate(key: string): Promise<void> {
  const faqs = await faqSet();
  const known = await vocabulary(faqs);
  const found: Measured[] = [];
  for (const [language, probes] of Map.groupBy(PROBES, (probe) => probe.language)) {
    const reached: Reached[] = [];
    for (const probe of probes) {
      const one = await reachedBy(key, probe, searchedWords(probe.text, known));
      if (one !== undefined) reached.push(one);
    }
    if (reached.length > 0) found.push({ language, probes: probes.length, ...thresholdsOf(reached) });
  }
  await saveThresholds(key, faqs.version, found);
}

async function embedProbes(set: EmbeddingSet, { batch }: EmbeddingModel): Promise<void> {
  const missing = await missingProbes(set.key, PROBES);
  for (let i = 0; i < missing.length; i += batch) {
    const some = missing.slice(i, i + batch);
    const texts = some.map(({ text }) => text);
    await saveProbes(set.key, PROBES, some, await embedFor(set, texts, 'query'));
  }
}
