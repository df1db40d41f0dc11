import { readFileSync } from 'node:fs';
import { pauseSet } from '../../db/models/embeddingSet.ts';
import {
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

let measuring: Promise<void> | undefined;

/** Measures the served vectors in the background where that is owed. Two processes that do so store the same. */
export function keepThresholds(): void {
  if (measuring !== undefined || stopping()) return;
  measuring = measure()
    .catch((err: unknown) => log.warn({ err }, 'Thresholds not measured; tried again'))
    .finally(() => {
      measuring = undefined;
    });
}

/** Measures how near off-topic questions come to the FAQs. Embeds these questions once per set of vectors. */
export async function measure(): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  const set = await setToCalibrate(LEAST_FAQS);
  if (set === undefined || !mayAsk(set)) return;
  try {
    await embedProbes(set, model);
  } catch (err) {
    if (!(err instanceof ProviderError)) throw err;
    log.warn({ err, model: set.name }, 'Probe questions not embedded; thresholds stay as they are');
    return pauseSet(set.key, err.retryAfterMs);
  }
  await calibrate(set.key);
  log.info({ model: set.name }, 'Thresholds measured');
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
    if (reached.length > 0) found.push({ language, probes: reached.length, ...thresholdsOf(reached) });
  }
  await saveThresholds(key, faqs.version, found);
}

async function embedProbes(set: Parameters<typeof embedFor>[0], { batch }: EmbeddingModel): Promise<void> {
  const missing = await missingProbes(set.key, PROBES);
  for (let i = 0; i < missing.length; i += batch) {
    const some = missing.slice(i, i + batch);
    const texts = some.map(({ text }) => text);
    await saveProbes(set.key, PROBES, some, await embedFor(set, texts, 'query'));
  }
}
