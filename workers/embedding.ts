import type { Job } from 'bullmq';
import { loadFaqsToEmbed, saveEmbeddings } from '../db/models/faq.ts';
import { env } from '../shared/env.ts';
import type { Payloads } from '../shared/jobs.ts';
import { embed } from '../shared/llm.ts';
import { truncateTokens } from '../shared/tokens.ts';

/** Embedding models take 8,191 tokens a text. */
const TEXT_TOKENS = 8_000;
/** Texts a request: two for each FAQ, well below the API's 2,048 texts and 300,000 tokens. */
const FAQS_A_REQUEST = 16;

/** Gives FAQs their vectors; those that have them by now cost nothing. */
export async function embedding(job: Job<Payloads['embedding']>): Promise<void> {
  const faqs = await loadFaqsToEmbed(job.data.faq_ids, env.EMBEDDING_MODEL);
  for (let i = 0; i < faqs.length; i += FAQS_A_REQUEST) {
    const batch = faqs.slice(i, i + FAQS_A_REQUEST);
    const texts = batch.flatMap(({ question, answer }) => [question, `${question}\n${answer}`]);
    const vectors = await embed(texts.map((text) => truncateTokens(text, TEXT_TOKENS)));
    for (const [k, faq] of batch.entries()) {
      await saveEmbeddings(faq, vectors[2 * k] ?? [], vectors[2 * k + 1] ?? [], env.EMBEDDING_MODEL);
    }
  }
}
