import type { ConversationRow, ConversationStatus } from '../../db/models/conversation.ts';
import type { MessageRow } from '../../db/models/messageView.ts';
import { env } from '../base/env.ts';
import { nextOpening } from '../base/officeHours.ts';

/** A row as clients see it: with times as text. */
type Shown<Row> = {
  [Field in keyof Row]: Row[Field] extends Date ? string : Exclude<Row[Field], Date> | OrText<Row[Field]>;
};
type OrText<Value> = Date extends Value ? string : never;
export type ShownMessage = Shown<Omit<MessageRow, 'place'>>;
export type ShownConversation = Shown<ConversationRow> & { available_at: string | null };

/** The events of conversations with people. They are in no run's log; their rows say the same. */
export type PeopleEvent =
  | { event: 'message'; data: { conversation_id: number; message: ShownMessage } }
  | { event: 'conversation.updated'; data: { conversation: ShownConversation } }
  | { event: 'typing'; data: { conversation_id: number; by: 'agent' | 'user' } }
  | { event: 'viewing'; data: { conversation_id: number; agent: { id: number; name: string } } }
  | {
      event: 'inbox.updated';
      data: { conversation_id: number; status: ConversationStatus; assignee_id: number | null };
    };

/** Returns when somebody will be there for a conversation that waits outside the office hours; null otherwise. */
export function availableAt(status: ConversationStatus): Date | null {
  return status === 'waiting' ? nextOpening(env.OFFICE_HOURS, env.OFFICE_TIMEZONE, new Date()) : null;
}

export function showMessage({ place: _, ...row }: MessageRow): ShownMessage {
  return shown(row);
}

export function showConversation(row: ConversationRow): ShownConversation {
  return { ...shown(row), available_at: availableAt(row.status)?.toISOString() ?? null };
}

function shown<Row extends object>(row: Row): Shown<Row> {
  const fields = Object.entries(row).map(([field, value]) => [
    field,
    value instanceof Date ? value.toISOString() : value,
  ]);
  return Object.fromEntries(fields) as Shown<Row>;
}
