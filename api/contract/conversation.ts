import { type Static, Type } from 'typebox';
import type { ConversationRow } from '../../db/models/conversation.ts';
import { availableAt } from '../../shared/delivery/peopleEvents.ts';
import { anything, count, flag, id, text, time } from './fields.ts';
import { described, named, oneOf, orNull, presenter } from './schema.ts';

/** Conversations and messages, which their users and agents see alike. */
export const person = Type.Object({ id, name: text });

export const conversation = named(
  'Conversation',
  Type.Object({
    id,
    user_id: id,
    assistant_id: described(orNull(id), 'What answers here; null: the default.'),
    title: orNull(text),
    language: text,
    context: anything,
    tags: Type.Array(text),
    message_count: count,
    duration_seconds: count,
    total_tokens: count,
    is_active: flag,
    is_archived: flag,
    status: described(
      oneOf('bot', 'waiting', 'agent', 'resolved'),
      'Who speaks: the bot, nobody yet (a person is asked for), or a person. A message reopens a resolved one.',
    ),
    agent: described(orNull(person), 'Who has the conversation, or resolved it.'),
    handoff_reason: orNull(text),
    outcome: described(orNull(text), 'How it was resolved.'),
    available_at: described(
      orNull(time),
      'While it waits outside the office hours: when somebody will be there. null: no hours, or now.',
    ),
    created_at: time,
    updated_at: time,
    last_message_at: time,
  }),
  {
    id: 3,
    user_id: 7,
    assistant_id: 1,
    title: 'How do I reset my password?',
    language: 'en',
    context: {},
    tags: ['account'],
    message_count: 2,
    duration_seconds: 4,
    total_tokens: 350,
    is_active: true,
    is_archived: false,
    status: 'bot',
    agent: null,
    handoff_reason: null,
    outcome: null,
    available_at: null,
    created_at: '2026-11-21T08:00:00.000Z',
    updated_at: '2026-11-21T08:00:04.000Z',
    last_message_at: '2026-11-21T08:00:04.000Z',
  },
);
const present = presenter(conversation);

/** Writes a conversation. `available_at` depends on its status and the office hours. */
export function presentConversation(row: ConversationRow): Static<typeof conversation> {
  return present({ ...row, available_at: availableAt(row.status) });
}

export const message = named(
  'Message',
  Type.Object({
    id,
    conversation_id: id,
    user_id: id,
    content: text,
    message_type: oneOf('user', 'assistant', 'system', 'agent'),
    status: oneOf('pending', 'streaming', 'sent', 'delivered', 'read', 'failed', 'cancelled'),
    run_id: orNull(id),
    tokens_used: orNull(count),
    model_used: orNull(text),
    response_time_ms: orNull(count),
    metadata: anything,
    created_at: time,
    delivered_at: orNull(time),
    read_at: orNull(time),
    replaces_id: described(orNull(id), 'The reply that this message replaces.'),
    replaced_by: described(orNull(id), 'The newest reply to the same question, unless it is this message.'),
    feedback: orNull(oneOf('up', 'down')),
    agent: described(orNull(person), 'The person who wrote it.'),
  }),
  {
    id: 82,
    conversation_id: 3,
    user_id: 7,
    content: 'Open the sign-in page and choose “Forgot password”.',
    message_type: 'assistant',
    status: 'sent',
    run_id: 42,
    tokens_used: 12,
    model_used: 'gpt-4.1-mini',
    response_time_ms: 1840,
    metadata: {},
    created_at: '2026-11-21T08:00:00.000Z',
    delivered_at: null,
    read_at: null,
    replaces_id: null,
    replaced_by: null,
    feedback: null,
    agent: null,
  },
);
export const presentMessage = presenter(message);
