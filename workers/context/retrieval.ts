import { createHash } from 'node:crypto';
import { type FoundFaq, nearestFaqs } from '../../db/models/faq.ts';
import { env } from '../../shared/env.ts';
import { embed, ProviderError } from '../../shared/llm.ts';
import { log } from '../../shared/log.ts';
import { redis } from '../../shared/redis.ts';
import { truncateTokens } from '../../shared/tokens.ts';

/** Embedding models take 8,191 tokens; a question's first thousand say what it is about. */
const QUESTION_TOKENS = 1_000;
const CACHE_TTL_S = 86_400;

/**
 * Passages of the knowledge base that may answer a question, best first.
 * @returns null when the question cannot be embedded just now: the answer is then made without passages
 */
export async function findPassages(question: string, language: string): Promise<FoundFaq[] | null> {
  if (env.PASSAGE_LIMIT === 0) return [];
  try {
    const vector = await embedQuestion(truncateTokens(question, QUESTION_TOKENS));
    return await nearestFaqs(vector, env.EMBEDDING_MODEL, language, env.PASSAGE_LIMIT, env.PASSAGE_THRESHOLD);
  } catch (err) {
    if (!(err instanceof ProviderError)) throw err;
    log.warn({ err }, 'no embedding, answering without passages');
    return null;
  }
}

/** A question's vector, from the cache where the same text was embedded before. */
async function embedQuestion(text: string): Promise<number[]> {
  const key = `embedding:${env.EMBEDDING_MODEL}:${createHash('sha256').update(text).digest('hex')}`;
  const cached = await redis.getBuffer(key).catch(() => null);
  if (cached !== null) return Array.from(new Float32Array(new Uint8Array(cached).buffer));

  const [vector = []] = await embed([text]);
  await redis.set(key, Buffer.from(new Float32Array(vector).buffer), 'EX', CACHE_TTL_S).catch(() => null);
  return vector;
}
