import type { Job } from 'bullmq';
import { type HistoryMessage, historyBefore, saveTokenCounts } from '../db/models/message.ts';
import { type ContextRecord, loadTurn, saveContext, type Turn } from '../db/models/turn.ts';
import { env } from '../shared/base/env.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { promptBudget } from '../shared/provider/config.ts';
import { countTokens, countTokensOnce, truncateTokens } from '../shared/provider/tokens.ts';
import { fitToBudget, questionLimit } from './context/budget.ts';
import { passageText, systemPrompt } from './context/prompt.ts';
import { findPassages } from './context/retrieval.ts';

/** Decides what a run's prompt holds, within the token budget, and leaves the decision on the run. */
export async function context(job: Job<Payloads['context']>): Promise<void> {
  const turn = await loadTurn(job.data.run_id);
  if (turn === undefined || turn.context !== null || turn.status !== 'queued') return;
  const { built, questionTokens } = await buildContext(turn);
  killPoint('context.built', turn.run_id);
  await saveContext(turn.run_id, built, questionTokens);
  killPoint('context.saved', turn.run_id);
}

async function buildContext(turn: Turn): Promise<{ built: ContextRecord; questionTokens: number }> {
  const budget = promptBudget();
  const [{ passages: found, by_words_only }, history] = await Promise.all([
    findPassages(turn.user_id, turn.question, turn.language),
    historyBefore(turn.conversation_id, turn.message_id, env.HISTORY_LIMIT),
  ]);

  const system = countTokensOnce(systemPrompt(turn.language));
  const whole = countTokens(turn.question);
  const remembered = await countOnce(history);
  const limit = questionLimit(budget, system);
  const fit = fitToBudget({
    budget,
    system,
    question: Math.min(whole, limit),
    passages: found.map((passage) => countTokensOnce(passageText(passage))),
    history: remembered,
  });
  const built = {
    message_ids: history
      .slice(0, fit.history)
      .map(({ id }) => id)
      .reverse(),
    passages: found.slice(0, fit.passages),
    question_cut_to: whole > limit ? truncateTokens(turn.question, limit) : null,
    budget,
    tokens: fit.tokens,
    cut: { messages: history.length - fit.history, passages: found.length - fit.passages },
    shrunk: false,
    passages_unavailable: by_words_only,
  };
  return { built, questionTokens: whole };
}

/** Token counts of earlier messages; what was never counted is counted now and kept on its row. */
async function countOnce(messages: HistoryMessage[]): Promise<number[]> {
  const counted = messages.map(({ id, content, tokens_used }) => ({
    id,
    known: tokens_used !== null,
    tokens: tokens_used ?? countTokens(content),
  }));
  await saveTokenCounts(counted.filter(({ known }) => !known));
  return counted.map(({ tokens }) => tokens);
}
