import { Type } from 'typebox';
import { contract, json, nothing } from '../contract/contract.ts';
import { anything, count, flag, id, language, paging, text, time } from '../contract/fields.ts';
import {
  closed,
  defaulted,
  described,
  named,
  oneOf,
  optional,
  orNull,
  page,
  presenter,
} from '../contract/schema.ts';

const conversation = named(
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
    created_at: '2026-11-21T08:00:00.000Z',
    updated_at: '2026-11-21T08:00:04.000Z',
    last_message_at: '2026-11-21T08:00:04.000Z',
  },
);
export const presentConversation = presenter(conversation);

const message = named(
  'Message',
  Type.Object({
    id,
    conversation_id: id,
    user_id: id,
    content: text,
    message_type: oneOf('user', 'assistant', 'system'),
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
  },
);
export const presentMessage = presenter(message);

const fields = {
  title: orNull(Type.String({ minLength: 1, maxLength: 255 })),
  tags: Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 50, uniqueItems: true }),
  language,
  is_archived: flag,
};

export const conversationContract = contract('Conversations', {
  'GET /api/v1/conversations': {
    who: 'signed in',
    summary: 'Your conversations',
    detail:
      'Newest activity first. `q`: parts of words that the title or one message must contain, in any script; case and accents do not count. ' +
      '`"a phrase"`, `-excluded`, `this or that`. A term of one or two letters is found at the end of a word only.',
    query: closed({
      ...paging,
      archived: defaulted(flag, false),
      q: defaulted(Type.String({ maxLength: 200 }), ''),
    }),
    answers: { 200: json('A page', page(conversation)) },
  },
  'GET /api/v1/conversations/:id': {
    who: 'signed in',
    summary: 'A conversation',
    answers: { 200: json('The conversation', conversation) },
  },
  'GET /api/v1/conversations/:id/messages': {
    who: 'signed in',
    summary: 'Messages of a conversation',
    query: closed({ ...paging, order: defaulted(oneOf('asc', 'desc'), 'asc') }),
    answers: { 200: json('A page', page(message)) },
  },
  'PUT /api/v1/conversations/:id': {
    who: 'signed in',
    summary: 'Rename, tag or archive a conversation',
    body: closed(optional(fields)),
    example: { title: 'Password', tags: ['account'], is_archived: false },
    answers: { 200: json('The conversation, changed', conversation) },
  },
  'DELETE /api/v1/conversations/:id': {
    who: 'signed in',
    summary: 'Delete a conversation',
    detail: 'Cancels its runs.',
    answers: { 204: nothing('Deleted') },
  },
});
