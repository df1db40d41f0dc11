import { createHmac, randomBytes } from 'node:crypto';
import type { FaqSet } from '../../db/models/faqSearch.ts';
import { type HistoryMessage, messageTexts, saveTokenCounts } from '../../db/models/message.ts';
import type { Answering, ContextRecord } from '../../db/models/turn.ts';
import { instructionsOf } from '../assistants/instructions.ts';
import { env } from '../base/env.ts';
import { promptBudget } from '../provider/config.ts';
import type { Message } from '../provider/shape.ts';
import { countTokens, countTokensOnce } from '../provider/tokens.ts';
import { fitToBudget, questionLimit } from './budget.ts';
import { asData, needsEscape } from './escape.ts';
import { cutQuestion, type InParts } from './parts.ts';
import { buildPrompt, passageText, questionText, systemText } from './prompt.ts';
import { choose } from './choose.ts';
import { findPassages } from './retrieval.ts';

/** A question, and the inputs that decide its prompt. */
export type Asked = InParts & {
  user_id: number;
  language: string;
  /** Time of the question; the instructions may name the day. */
  created_at: Date;
  assistant: Answering | null;
  /** What the prompt's fences carry; absent: a new key. */
  key?: string;
};
type Decided = { built: ContextRecord; questionTokens: number };

/** Minimum share of the budget for a question beside long instructions. */
const QUESTION_SHARE = 0.25;

/**
 * Selects the content of a question's prompt, within the token budget.
 * @param remember finds earlier messages, newest first
 * @param faqs the FAQs as they are; absent: asks for them
 */
export async function decideContext(
  asked: Asked,
  remember: () => Promise<HistoryMessage[]>,
  faqs?: FaqSet,
): Promise<Decided> {
  const { user_id, question, language, assistant } = asked;
  const budget = promptBudget(assistant);
  const remembered = remember();
  const [found, history, instructions] = await Promise.all([
    findPassages({
      user_id,
      question,
      language,
      knowledge: assistant?.knowledge,
      history: remembered,
      set: faqs,
    }),
    remembered,
    instructionsOf(asked),
  ]);

  const { passages, nearest } = await choose(asked, found, history);

  const rules = systemText(language, instructions, assistant?.handoff.enabled);
  const listed = nearest.map(questionText).join('\n');
  const system = countTokensOnce(rules) + (listed === '' ? 0 : countTokensOnce(listed));
  const whole = countTokens(question);
  const escaped = needsEscape(question) ? countTokens(asData(question)) : whole;
  const least = instructions === '' ? 1 : Math.ceil(budget * QUESTION_SHARE);
  const limit = Math.max(least, questionLimit(budget, system));
  const fit = fitToBudget({
    budget,
    system,
    question: Math.min(escaped, limit),
    passages: passages.map((passage) => countTokensOnce(passageText(passage))),
    history: await countOnce(history),
  });
  const built = {
    message_ids: history
      .slice(0, fit.history)
      .map(({ id }) => id)
      .reverse(),
    passages: passages.slice(0, fit.passages),
    searched: found.searched,
    nearest,
    key: asked.key ?? newKey(),
    question_cut_to:
      escaped > limit ? cutQuestion(asked, Math.max(1, Math.floor((limit * whole) / escaped))) : null,
    budget,
    tokens: fit.tokens,
    cut: { messages: history.length - fit.history, passages: passages.length - fit.passages },
    shrunk: false,
    passages_unavailable: found.by_words_only,
  };
  return { built, questionTokens: whole };
}

/** Builds the prompt from a context record. */
export async function promptOf(asked: Asked, context: ContextRecord | null): Promise<Message[]> {
  const [history, instructions] = await Promise.all([
    messageTexts(context?.message_ids ?? []),
    instructionsOf(asked),
  ]);
  return buildPrompt({
    language: asked.language,
    instructions,
    person: asked.assistant?.handoff.enabled ?? false,
    key: context?.key ?? newKey(),
    passages: context?.passages ?? [],
    nearest: context?.nearest ?? [],
    history,
    question: context?.question_cut_to ?? asked.question,
  });
}

/** Returns the key of a trial's fences: the same trial makes the same prompt, and nobody can guess the key. */
export function keyOfTrial({ user_id, question }: Pick<Asked, 'user_id' | 'question'>): string {
  const secret = env.JWT_SECRET[0] ?? env.DATABASE_URL;
  return createHmac('sha256', secret).update(`fence ${user_id} ${question}`).digest('hex').slice(0, 12);
}

/** Returns the key of a run's fences. */
function newKey(): string {
  return randomBytes(6).toString('hex');
}

/** Returns the token counts of earlier messages. Counts uncounted messages, and stores the counts on their rows. */
async function countOnce(messages: HistoryMessage[]): Promise<number[]> {
  const counted = messages.map(({ id, content, tokens_used }) => ({
    id,
    known: tokens_used !== null,
    tokens: tokens_used ?? countTokens(content),
  }));
  await saveTokenCounts(counted.filter(({ known }) => !known));
  // A row's count is that of its text; escapes take a few tokens more.
  return messages.map(({ content }, i) =>
    needsEscape(content) ? countTokens(asData(content)) : (counted[i]?.tokens ?? 0),
  );
}
