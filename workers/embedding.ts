import type { Job } from 'bullmq';
import { type EmbeddingSet, pauseSet, setsToFill, wantSet } from '../db/models/embeddingSet.ts';
import {
  claimTexts,
  extendClaims,
  type OwedText,
  oweTexts,
  postponeTexts,
  saveEmbeddings,
} from '../db/models/faqEmbedding.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { log } from '../shared/base/log.ts';
import { type EmbeddingModel, embeddingModel } from '../shared/provider/config.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';
import { countTokens, truncateTokens } from '../shared/provider/tokens.ts';
import { embedFor, mayAsk, remeasure } from '../shared/knowledge/vectors.ts';
import { askInBatches, type Refused } from './embedding/batches.ts';

/** The API accepts 300,000 tokens per request. */
const TOKENS_A_REQUEST = 250_000;
/** Ms: longer than a request takes; after a crash, others wait for the claim's end. */
const CLAIM = 60_000;
/** First and longest wait of a text without a vector, in ms: after a refusal long, after a failure short. */
const REFUSED = [60_000, 3_600_000] as const;
const FAILED = [2_000, 300_000] as const;

export function embedding(job: Job<Payloads['embedding']>): Promise<void> {
  return embedFaqs(job.data.faq_ids);
}

/**
 * Embeds FAQs' texts without vectors, for the set that is filled and the set that is served. Continues until none is left,
 * which includes edits made meanwhile. Postpones failed texts in Postgres.
 */
export async function embedFaqs(ids: number[]): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  await wantSet(model);
  for (const set of await setsToFill()) if (mayAsk(set)) await embedInto(set, ids, model);
}

async function embedInto(set: EmbeddingSet, ids: number[], limits: EmbeddingModel): Promise<void> {
  await oweTexts(set.key, ids);
  for (;;) {
    const texts = await claimTexts(set.key, ids, limits.batch, CLAIM);
    if (texts.length === 0) return;
    const { refused, left, error } = await askInBatches(inRequests(texts, set, limits), (batch) =>
      embedAndSave(set, batch),
    ).catch(async (err: unknown) => {
      await extendClaims(set.key, texts, 0).catch(() => null);
      throw err;
    });
    for (const one of refused) await postpone(set, one);
    if (error !== null) {
      log.warn(
        { err: error, model: set.name, texts: left.length },
        'Embedding model fails; left alone for a while',
      );
      await pauseSet(set.key, error.retryAfterMs);
      if (left.length > 0)
        await extendClaims(
          set.key,
          left.map(({ owed }) => owed),
          0,
        );
      return;
    }
  }
}

/** An owed text, and its shortened form for the request. */
type Request = { owed: OwedText; asked: string };

async function embedAndSave(set: EmbeddingSet, batch: Request[]): Promise<void> {
  await extendClaims(
    set.key,
    batch.map(({ owed }) => owed),
    CLAIM,
  );
  const asked = [...new Set(batch.map((one) => one.asked))];
  const vectors = await embedFor(set, asked, 'document');
  if (set.dimensions !== null && vectors[0]?.length !== set.dimensions) {
    const code = (await remeasure(set)) ? 'embedding_replaced' : 'embedding_malformed';
    throw new ProviderError('rejected', code, 'The vectors have another dimension than the set.');
  }
  set.dimensions ??= vectors[0]?.length ?? null;
  const found = new Map(asked.map((text, i) => [text, vectors[i] ?? []]));
  await saveEmbeddings(
    set.key,
    batch.map((one) => ({ ...one.owed, vector: found.get(one.asked) ?? [] })),
  );
}

async function postpone(set: EmbeddingSet, { item, error }: Refused<Request>): Promise<void> {
  const { faq_id, part } = item.owed;
  log.warn({ err: error, model: set.name, faq_id, part }, 'Text not embedded; asked again later');
  const [first, most] = error.trouble === 'rejected' ? REFUSED : FAILED;
  await postponeTexts(set.key, [item.owed], first, most);
}

/** Cuts texts to the model's limit and groups them into as few requests as their tokens allow. */
function inRequests(
  texts: OwedText[],
  set: EmbeddingSet,
  { batch: most, textTokens }: EmbeddingModel,
): Request[][] {
  const batches: Request[][] = [];
  let [batch, tokens]: [Request[], number] = [[], 0];
  for (const owed of texts) {
    const cut = truncateTokens(set.document_prefix + owed.text, textTokens);
    const asked = cut.slice(set.document_prefix.length) || owed.text.slice(0, 1);
    const size = countTokens(cut);
    if (batch.length > 0 && (tokens + size > TOKENS_A_REQUEST || batch.length >= most)) {
      batches.push(batch);
      [batch, tokens] = [[], 0];
    }
    batch.push({ owed, asked });
    tokens += size;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}
