import { EMPTY } from '../sdk/empty.ts';
import type { Message, Taken } from '../sdk/types.ts';
import { isOpen } from '../shared/heard.ts';

/** Returns the messages with a new one, or with one as it is now. */
export function put(messages: Message[], message: Message): Message[] {
  const others = messages.filter(({ id }) => id !== message.id);
  return [...others, message].toSorted((a, b) => a.id - b.id);
}

/** Joins what was loaded with what came while it was on its way: a message sent since, and an answer that grows or has ended. */
export function joined(messages: Message[], loaded: Message[]): Message[] {
  const newest = Math.max(...loaded.map(({ id }) => id));
  const shown = new Map(messages.map((message) => [message.id, message]));
  const later = messages.filter(({ id }) => id > newest);
  return [...loaded.map((one) => (isOpen(one.status) && shown.get(one.id)) || one), ...later];
}

/** Returns a message that the server has just taken, and the answer to it if one will come. */
export function taken(content: string, { conversation_id, message_id, reply_id, run_id }: Taken): Message[] {
  const common = { ...EMPTY, conversation_id, run_id, created_at: new Date().toISOString() };
  const mine: Message = { ...common, id: message_id, content, status: 'sent' };
  return reply_id === null ? [mine] : [mine, { ...common, id: reply_id, message_type: 'assistant' }];
}
