import { type EmbeddingSet, pauseSet, wantSet } from '../db/models/embeddingSet.ts';
import { dropGap, type Gap, groupGap, ungroupedGaps } from '../db/models/faqSuggestion.ts';
import { log } from '../shared/base/log.ts';
import { embeddingModel } from '../shared/provider/config.ts';
import { redact } from '../shared/knowledge/redact.ts';
import { truncateTokens } from '../shared/provider/tokens.ts';
import { embedFor, mayAsk } from '../shared/knowledge/vectors.ts';
import { askInBatches } from './embedding/batches.ts';

/** Questions per job: nobody waits for suggestions, and answers come first. */
const QUESTIONS_A_JOB = 64;
/** Tokens per question; all questions together stay below the API's limit for one request. */
const QUESTION_TOKENS = 1_000;
/** Minimum cosine of two questions in one group; higher than an answer's, since a wrong question would spoil a group. */
const SAME = 0.7;

/** Groups unanswered questions by meaning, one batch; the rest stays owed. */
export async function faqSuggestions(): Promise<void> {
  const model = embeddingModel();
  if (model === null) return;
  const set = await wantSet(model);
  if (set.paused || !mayAsk(set)) return;
  const gaps = await ungroupedGaps(Math.min(QUESTIONS_A_JOB, model.batch));
  for (const gap of gaps) if (!gap.may_be_sent) await dropGap(gap);
  const sendable = gaps.filter(({ may_be_sent }) => may_be_sent);
  if (sendable.length > 0) await group(sendable, set);
}

async function group(gaps: Gap[], set: EmbeddingSet): Promise<void> {
  const { refused, error } = await askInBatches([gaps], async (batch) => {
    const texts = batch.map(({ content }) => redact(truncateTokens(content, QUESTION_TOKENS)));
    const vectors = await embedFor(set, texts, 'query');
    for (const [i, gap] of batch.entries()) await groupGap(gap, vectors[i] ?? [], set.key, SAME);
  });
  if (error !== null) {
    log.warn({ err: error, model: set.name }, 'Embedding model fails; left alone for a while');
    return pauseSet(set.key, error.retryAfterMs);
  }
  for (const { item, error: reason } of refused) {
    if (reason.trouble !== 'rejected') continue;
    log.warn({ err: reason, message_id: item.message_id }, 'Question not grouped; forgotten');
    await dropGap(item);
  }
}
