import { dropGap, type Gap, groupGap, ungroupedGaps } from '../db/models/faqSuggestion.ts';
import { log } from '../shared/base/log.ts';
import { type EmbeddingModel, embeddingModel } from '../shared/provider/config.ts';
import { embed } from '../shared/provider/embedding.ts';
import { ProviderError } from '../shared/provider/providerErrors.ts';
import { redact } from '../shared/knowledge/redact.ts';
import { truncateTokens } from '../shared/provider/tokens.ts';

/** Questions a job: nobody waits for suggestions, and answers go first. */
const QUESTIONS_A_JOB = 64;
/** Of each question; all of them together are below what the API takes in one request. */
const QUESTION_TOKENS = 1_000;
/** Cosine from which two questions mean the same; nearer than what is an answer, since strangers would spoil a group. */
const SAME = 0.7;

/** Groups some of the questions that the knowledge base did not answer by what they mean; the rest stays owed. */
export async function faqSuggestions(): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  const gaps = await ungroupedGaps(QUESTIONS_A_JOB);
  for (const gap of gaps) if (!gap.may_be_sent) await dropGap(gap);
  const sendable = gaps.filter(({ may_be_sent }) => may_be_sent);
  if (sendable.length > 0) await group(sendable, model);
}

async function group(gaps: Gap[], model: EmbeddingModel): Promise<void> {
  const texts = gaps.map(({ content }) => redact(truncateTokens(content, QUESTION_TOKENS)));
  try {
    const vectors = await embed(texts, model, 'query');
    for (const [i, gap] of gaps.entries()) await groupGap(gap, vectors[i] ?? [], model.name, SAME);
  } catch (err) {
    const [only, ...others] = gaps;
    if (!(err instanceof ProviderError) || err.code !== 'provider_rejected' || only === undefined) throw err;
    // One text that the provider will not take must not hold up the others.
    if (others.length > 0) for (const gap of gaps) await group([gap], model);
    else {
      log.warn({ err, message_id: only.message_id }, 'a question was not grouped');
      await dropGap(only);
    }
  }
}
