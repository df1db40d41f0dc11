import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Provider } from './config.ts';
import type { Learned } from './learned.ts';
import type { Settings } from './presets.ts';

export type Message = { role: 'system' | 'user' | 'assistant'; content: string };
/** A chat request before it takes the form that one model accepts. */
export type Wish = { messages: Message[]; maxTokens: number; temperature: number; form?: Form };
/** The JSON that an answer must be. */
export type Form = { name: string; schema: Record<string, unknown> };

/** Returns the request's body in the form that the model accepts. */
export function chatBody(
  model: string,
  { messages, maxTokens, temperature, form }: Wish,
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
    ...(form && responseFormat(form, how.structured)),
    stream: true,
    ...(how.usage === 'on' && { stream_options: { include_usage: true } }),
  };
}

function responseFormat({ name, schema }: Form, structured: Settings['structured']): object {
  if (structured === 'none') return {};
  const format =
    structured === 'json_object'
      ? { type: structured }
      : { type: structured, json_schema: { name, strict: true, schema } };
  return { response_format: format };
}

type Sent = ChatCompletionMessageParam & { content: string };

/** Gives the instructions the role that the model accepts. Without such a role they begin the first question. */
function withSystemAs(messages: Message[], role: 'system' | 'developer' | 'user'): Sent[] {
  return messages.map((message) =>
    message.role === 'system' ? { role, content: message.content } : message,
  );
}

/** Makes user and assistant alternate, the user first: joins adjacent messages of one role. */
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
