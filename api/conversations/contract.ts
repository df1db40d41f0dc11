import type { TSchema } from 'typebox';
import { Type } from '../contract/type.ts';
import type { PeopleEvent } from '../../shared/delivery/peopleEvents.ts';
import { contract, json, nothing } from '../contract/contract.ts';
import { conversation, message, person } from '../contract/conversation.ts';
import { flag, id, language, paging, prose } from '../contract/fields.ts';
import { closed, defaulted, named, oneOf, optional, orNull, page } from '../contract/schema.ts';

const fields = {
  title: orNull(Type.String({ minLength: 1, maxLength: 255, format: 'one-line' })),
  tags: Type.Array(Type.String({ minLength: 1, maxLength: 50, format: 'one-line' }), {
    maxItems: 50,
    uniqueItems: true,
  }),
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
  'POST /api/v1/conversations/:id/handoff': {
    who: 'signed in',
    summary: 'Ask for a person',
    detail:
      'From now on no answer begins: what you send stands before a person. An answer that is under way goes on; what waits behind it is ' +
      'cancelled, and stands before a person too. Asking again changes nothing.',
    body: closed({ reason: Type.Optional(orNull(prose(500))) }),
    example: { reason: 'My invoice is wrong.' },
    answers: { 200: json('The conversation, `waiting` or with an agent', conversation) },
  },
});

/** The events of conversations with people: to their users' devices, and to agents. They are in no run's log. */
export const conversationEvents = {
  message: named('ConversationMessage', Type.Object({ conversation_id: id, message })),
  'conversation.updated': named('ConversationUpdated', Type.Object({ conversation })),
  typing: named('Typing', Type.Object({ conversation_id: id, by: oneOf('agent', 'user') }), {
    conversation_id: 3,
    by: 'agent',
  }),
  viewing: named('Viewing', Type.Object({ conversation_id: id, agent: person }), {
    conversation_id: 3,
    agent: { id: 12, name: 'Grace' },
  }),
  'inbox.updated': named(
    'InboxUpdated',
    Type.Object({
      conversation_id: id,
      status: oneOf('bot', 'waiting', 'agent', 'resolved'),
      assignee_id: orNull(id),
    }),
    { conversation_id: 3, status: 'waiting', assignee_id: null },
  ),
} satisfies { [Event in PeopleEvent as Event['event']]: TSchema };
