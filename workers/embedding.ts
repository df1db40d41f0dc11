import type { Job } from 'bullmq';
import {
  claimFaqsToEmbed,
  type FaqToEmbed,
  postponeEmbedding,
  releaseClaims,
  saveEmbeddings,
} from '../db/models/faqEmbedding.ts';
import { env } from '../shared/base/env.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { embed } from '../shared/provider/llm.ts';
import { log } from '../shared/base/log.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';
import { countTokens, truncateTokens } from '../shared/provider/tokens.ts';

/** Embedding models take 8,191 tokens a text. */
const TEXT_TOKENS = 8_000;
/** A request: at most 256 texts, two for each FAQ; the API takes 300,000 tokens in all. */
const FAQS_A_REQUEST = 128;
const TOKENS_A_REQUEST = 250_000;
/** Milliseconds: longer than a batch's requests take, short for those who wait after a crash. */
const CLAIM = 60_000;

export function embedding(job: Job<Payloads['embedding']>): Promise<void> {
  return embedFaqs(job.data.faq_ids);
}

/** Gives FAQs the vectors they lack. Goes on while any are missing, so an edit meanwhile is embedded as well. */
export async function embedFaqs(ids: number[]): Promise<void> {
  for (;;) {
    const faqs = await claimFaqsToEmbed(ids, env.EMBEDDING_MODEL, FAQS_A_REQUEST, CLAIM);
    if (faqs.length === 0) return;
    try {
      await embedClaimed(faqs);
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
async function embedClaimed(faqs: FaqToEmbed[]): Promise<void> {
  try {
    await embedAndSave(faqs);
  } catch (err) {
    if (!(err instanceof ProviderError) || err.trouble !== 'rejected') throw err;
    if (faqs.length > 1 && ABOUT_THE_TEXT.includes(err.code)) {
      for (const faq of faqs) await embedClaimed([faq]);
      return;
    }
    log.warn({ err, faqs: faqs.length, faq_id: faqs[0]?.id }, 'embeddings refused');
    await postponeEmbedding(faqs.map(({ id }) => id));
  }
}

const ABOUT_THE_TEXT = ['provider_rejected', 'embedding_malformed', 'context_length_exceeded'];

async function embedAndSave(faqs: FaqToEmbed[]): Promise<void> {
  const texts = faqs.flatMap(({ question, answer }) => [question, answer].filter((text) => text !== null));
  const vectors = await embedEach([...new Set(texts)]);
  const embedded = (text: string | null) => {
    const vector = text === null ? undefined : vectors.get(text);
    return text === null || vector === undefined ? null : { text, vector };
  };
  const parts = faqs.map(({ id, question, answer }) => ({
    id,
    question: embedded(question),
    answer: embedded(answer),
  }));
  await saveEmbeddings(parts, env.EMBEDDING_MODEL);
}

/** The vector of each text, in as few requests as their tokens allow. */
async function embedEach(texts: string[]): Promise<Map<string, number[]>> {
  const vectors = new Map<string, number[]>();
  for (const batch of inRequests(texts)) {
    const found = await embed(batch.map(({ cut }) => cut));
    for (const [i, { text }] of batch.entries()) vectors.set(text, found[i] ?? []);
  }
  return vectors;
}

function inRequests(texts: string[]): { text: string; cut: string }[][] {
  const batches: { text: string; cut: string }[][] = [];
  let [batch, tokens]: [{ text: string; cut: string }[], number] = [[], 0];
  for (const text of texts) {
    const cut = truncateTokens(text, TEXT_TOKENS);
    const size = countTokens(cut);
    if (batch.length > 0 && tokens + size > TOKENS_A_REQUEST) {
      batches.push(batch);
      [batch, tokens] = [[], 0];
    }
    batch.push({ text, cut });
    tokens += size;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}
