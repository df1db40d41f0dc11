import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Provider } from './config.ts';
import type { Learned } from './learned.ts';

/** A message with a text; the prompt holds no others. */
export type Message = { role: 'system' | 'user' | 'assistant'; content: string };
/** How a chat model is to be asked, whoever it is. */
export type Wish = { messages: Message[]; maxTokens: number; temperature: number };

/** The request's body as this model takes it. */
export function chatBody(
  model: string,
  { messages, maxTokens, temperature }: Wish,
  { settings, explicit, reasoningEffort, reasoningTokens }: Provider,
  learned: Learned,
): Record<string, unknown> {
  const { systemRole, strictTurns, ...how } = { ...settings, ...learned, ...explicit };
  return {
    model,
    messages: inTurns(withSystemAs(messages, systemRole), strictTurns || systemRole === 'user'),
    ...(how.maxTokens !== 'none' && { [how.maxTokens]: maxTokens + reasoningTokens }),
    ...(how.temperature === 'send' && { temperature }),
    ...(reasoningEffort !== null &&
      !learned.without?.includes('reasoning_effort') && { reasoning_effort: reasoningEffort }),
    stream: true,
    ...(how.usage === 'on' && { stream_options: { include_usage: true } }),
  };
}

type Sent = ChatCompletionMessageParam & { content: string };

/** Instructions under the role that the model knows; without one they begin the first question. */
function withSystemAs(messages: Message[], role: 'system' | 'developer' | 'user'): Sent[] {
  return messages.map((message) =>
    message.role === 'system' ? { role, content: message.content } : message,
  );
}

/** User and assistant by turns, the user first: what one says in a row is one message. */
function inTurns(messages: Sent[], strict: boolean): Sent[] {
  if (!strict) return messages;
  const turns: Sent[] = [];
  for (const message of messages) {
    if (message.content === '') continue;
    const last = turns.at(-1);
    const opening = turns.every(({ role }) => role === 'system' || role === 'developer');
    if (last?.role === message.role)
      turns[turns.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` };
    else if (message.role !== 'assistant' || !opening) turns.push(message);
  }
  return turns;
}
