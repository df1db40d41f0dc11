import type { Job } from 'bullmq';
import {
  claimFaqsToEmbed,
  type FaqToEmbed,
  postponeEmbedding,
  releaseClaims,
  saveEmbeddings,
} from '../db/models/faqEmbedding.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { log } from '../shared/base/log.ts';
import { type EmbeddingModel, embeddingModel } from '../shared/provider/config.ts';
import { embed } from '../shared/provider/embedding.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';
import { countTokens, truncateTokens } from '../shared/provider/tokens.ts';

/** At most so many FAQs at once, two texts each; OpenAI takes 300,000 tokens a request. */
const FAQS_AT_ONCE = 128;
const TOKENS_A_REQUEST = 250_000;
/** Milliseconds: longer than a batch's requests take, short for those who wait after a crash. */
const CLAIM = 60_000;

export function embedding(job: Job<Payloads['embedding']>): Promise<void> {
  return embedFaqs(job.data.faq_ids);
}

/** Gives FAQs the vectors they lack. Goes on while any are missing, so an edit meanwhile is embedded as well. */
export async function embedFaqs(ids: number[]): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  for (;;) {
    const faqs = await claimFaqsToEmbed(ids, model.name, FAQS_AT_ONCE, CLAIM);
    if (faqs.length === 0) return;
    try {
      await embedClaimed(faqs, model);
    } catch (err) {
      await releaseClaims(faqs.map(({ id }) => id));
      throw err;
    }
  }
}

/**
 * A text that the provider refuses must not keep the others from their vectors: then each is asked for by itself.
 * What is refused is asked again later, seldom: a bad key may be mended.
 */
async function embedClaimed(faqs: FaqToEmbed[], model: EmbeddingModel): Promise<void> {
  try {
    await embedAndSave(faqs, model);
  } catch (err) {
    if (!(err instanceof ProviderError) || err.trouble !== 'rejected') throw err;
    if (faqs.length > 1 && ABOUT_THE_TEXT.includes(err.code)) {
      for (const faq of faqs) await embedClaimed([faq], model);
      return;
    }
    log.warn({ err, faqs: faqs.length, faq_id: faqs[0]?.id }, 'embeddings refused');
    await postponeEmbedding(faqs.map(({ id }) => id));
  }
}

const ABOUT_THE_TEXT = ['provider_rejected', 'embedding_malformed', 'context_length_exceeded'];

async function embedAndSave(faqs: FaqToEmbed[], model: EmbeddingModel): Promise<void> {
  const texts = faqs.flatMap(({ question, answer }) => [question, answer].filter((text) => text !== null));
  const vectors = await embedEach([...new Set(texts)], model);
  const embedded = (text: string | null) => {
    const vector = text === null ? undefined : vectors.get(text);
    return text === null || vector === undefined ? null : { text, vector };
  };
  const parts = faqs.map(({ id, question, answer }) => ({
    id,
    question: embedded(question),
    answer: embedded(answer),
  }));
  await saveEmbeddings(parts, model.name);
}

/** The vector of each text, in as few requests as their tokens allow. */
async function embedEach(texts: string[], model: EmbeddingModel): Promise<Map<string, number[]>> {
  const vectors = new Map<string, number[]>();
  for (const batch of inRequests(texts, model)) {
    const found = await embed(
      batch.map(({ cut }) => cut),
      model,
      'document',
    );
    for (const [i, { text }] of batch.entries()) vectors.set(text, found[i] ?? []);
  }
  return vectors;
}

function inRequests(
  texts: string[],
  { batch: most, textTokens }: EmbeddingModel,
): { text: string; cut: string }[][] {
  const batches: { text: string; cut: string }[][] = [];
  let [batch, tokens]: [{ text: string; cut: string }[], number] = [[], 0];
  for (const text of texts) {
    const cut = truncateTokens(text, textTokens);
    const size = countTokens(cut);
    if (batch.length > 0 && (tokens + size > TOKENS_A_REQUEST || batch.length >= most)) {
      batches.push(batch);
      [batch, tokens] = [[], 0];
    }
    batch.push({ text, cut });
    tokens += size;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}
