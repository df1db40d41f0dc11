import type { Message } from '../../sdk/types.ts';

export type Row =
  | { kind: 'mine'; key: string; message: Message }
  | { kind: 'person'; key: string; message: Message }
  /** Answers to one question, the oldest first. */
  | { kind: 'reply'; key: string; versions: Message[] };

/** Orders messages as they are read: a newer answer to a question stands in the place of the first. */
export function rowsOf(messages: Message[]): Row[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const rows: Row[] = [];
  const replies = new Map<number, Message[]>();
  for (const message of messages) {
    if (message.message_type === 'user') rows.push({ kind: 'mine', key: `m${message.id}`, message });
    if (message.message_type === 'agent') rows.push({ kind: 'person', key: `m${message.id}`, message });
    if (message.message_type !== 'assistant') continue;
    const first = firstOf(message, byId);
    const versions = replies.get(first);
    if (versions) {
      versions.push(message);
      continue;
    }
    const own = [message];
    replies.set(first, own);
    rows.push({ kind: 'reply', key: `m${first}`, versions: own });
  }
  return rows;
}

/** Returns the id of the first answer that is loaded of those that a message replaces. */
function firstOf(message: Message, byId: Map<number, Message>): number {
  let first = message;
  for (let before = byId.get(first.replaces_id ?? 0); before; before = byId.get(before.replaces_id ?? 0))
    first = before;
  return first.id;
}
