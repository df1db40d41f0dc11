import type { ContextRecord } from '../../db/models/turn.ts';
import { cutQuestion, type InParts } from '../../shared/prompt/parts.ts';

/**
 * Returns a context for a model that accepts less than the budget: the newer half of the history and the better half of
 * the passages. Also halves a question that was cut already or is most of the prompt.
 */
export function shrinkContext(context: ContextRecord, asked: InParts): ContextRecord {
  const messages = Math.floor(context.message_ids.length / 2);
  const passages = Math.floor(context.passages.length / 2);
  const { tokens } = context;
  const long = context.question_cut_to !== null || tokens.question > tokens.history + tokens.passages;
  return {
    ...context,
    message_ids: messages === 0 ? [] : context.message_ids.slice(-messages),
    passages: context.passages.slice(0, passages),
    question_cut_to: long ? cutQuestion(asked, Math.ceil(tokens.question / 2)) : null,
    cut: {
      messages: context.cut.messages + context.message_ids.length - messages,
      passages: context.cut.passages + context.passages.length - passages,
    },
    shrunk: true,
  };
}
