import type { AssistantRow } from '../../db/models/assistant.ts';
import type { ContextRecord } from '../../db/models/turn.ts';
import { problem } from '../base/errors.ts';
import { type Asked, decideContext, keyOfTrial, promptOf } from './decide.ts';
import { asSaid, holdsEscapes } from './escape.ts';
import { streamChat } from '../provider/chat.ts';
import { chatModelsFor } from '../provider/config.ts';
import { ProviderError } from '../provider/providerErrors.ts';
import type { Message } from '../provider/shape.ts';
import { parametersOf } from '../assistants/parameters.ts';

/** A question to try. answered: whether to call the model. */
export type Trial = Pick<Asked, 'user_id' | 'question' | 'language'> & { answered: boolean };
export type Tried = {
  prompt: Message[];
  passages: ContextRecord['passages'];
  /** Of the whole prompt. */
  tokens: number;
  tokens_by_part: ContextRecord['tokens'];
  answer: string | null;
};

/** Ms that a model may take: an HTTP client waits. */
const PATIENCE = 60_000;
const RETRY_AFTER_S = 5;

/**
 * Makes the prompt of a new conversation's first question, as the stages do. Calls the model if requested. Stores nothing.
 * @param signal aborts when the client stops waiting
 * @throws Problem `service_unavailable` when the model does not answer
 */
export async function tryAssistant(
  assistant: AssistantRow,
  { answered, ...trial }: Trial,
  signal: AbortSignal,
): Promise<Tried> {
  const asked: Asked = { ...trial, created_at: new Date(), assistant, key: keyOfTrial(trial) };
  const { built } = await decideContext(asked, async () => []);
  const prompt = await promptOf(asked, built);
  const { passages, tokens } = built;
  return {
    prompt,
    passages,
    tokens: Object.values(tokens).reduce((sum, part) => sum + part, 0),
    tokens_by_part: tokens,
    answer: answered ? await answerTo(asked, prompt, passages, signal) : null,
  };
}

async function answerTo(
  { assistant }: Asked,
  messages: Message[],
  passages: Tried['passages'],
  signal: AbortSignal,
): Promise<string> {
  const [model] = chatModelsFor(assistant?.model ?? null);
  if (model === undefined) throw problem('service_unavailable', 'No chat model is configured');
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const request = { model, messages, ...parametersOf(assistant) };
  let answer = '';
  try {
    for await (const { delta } of streamChat(request, limit)) answer += delta;
    return holdsEscapes(messages, passages) ? asSaid(answer) : answer;
  } catch (cause) {
    if (!(cause instanceof ProviderError || limit.aborted)) throw cause;
    const why = cause instanceof ProviderError ? cause.message : 'The model took too long to answer.';
    throw problem('service_unavailable', why, { retryAfterS: RETRY_AFTER_S, cause });
  }
}
