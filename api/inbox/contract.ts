import { Type } from 'typebox';
import { clientEvents, contract, json } from '../contract/contract.ts';
import { source } from '../contract/answering.ts';
import { conversation, message, person } from '../contract/conversation.ts';
import { anyId, count, flag, givenId, id, paging, prose, role, text, time } from '../contract/fields.ts';
import { idempotencyKey, idempotencyReplayed, rateHeaders } from '../middleware/headers.ts';
import { closed, defaulted, described, named, oneOf, orNull, page, presenter } from '../contract/schema.ts';

const status = oneOf('bot', 'waiting', 'agent', 'resolved');
const user = Type.Object({ id, name: described(text, "'' for guests"), language: text });
const waiting_since = described(
  orNull(time),
  'Since when the user waits for a person’s word; null: the user does not.',
);
const unread = described(count, 'The user’s messages that no agent was shown; 100 at most.');

export const inboxItem = named(
  'InboxItem',
  Type.Object({ conversation, user, last_message: orNull(message), waiting_since, unread }),
);

const note = named(
  'Note',
  Type.Object({ id, conversation_id: id, agent: orNull(person), content: text, created_at: time }),
  {
    id: 4,
    conversation_id: 3,
    agent: { id: 12, name: 'Grace' },
    content: 'Called the billing team.',
    created_at: '2026-11-21T08:05:00.000Z',
  },
);
export const presentNote = presenter(note);

export const inboxConversation = named(
  'InboxConversation',
  Type.Object({
    conversation,
    user,
    messages: described(Type.Array(message), 'The newest 100, oldest first.'),
    notes: described(Type.Array(note), 'The newest 100, oldest first.'),
    summary: orNull(text),
    waiting_since,
    unread: described(count, 'Before this answer.'),
    cited: described(
      Type.Array(Type.Object({ run_id: id, sources: Type.Array(source) })),
      'What the shown answers of the assistant cite, by run.',
    ),
  }),
);

const inboxPerson = named(
  'InboxPerson',
  Type.Object({
    id,
    name: described(text, "'' for guests"),
    role,
    language: text,
    timezone: text,
    created_at: time,
    data_processing_consent: flag,
    marketing_consent: flag,
    conversations_count: described(count, '1,000 at most.'),
  }),
  {
    id: 7,
    name: 'Ada Lovelace',
    role: 'user',
    language: 'en',
    timezone: 'Europe/London',
    created_at: '2026-11-20T09:30:00.000Z',
    data_processing_consent: true,
    marketing_consent: false,
    conversations_count: 4,
  },
);
export const presentPerson = presenter(inboxPerson);
const earlier = named(
  'EarlierConversation',
  Type.Object({
    id,
    title: orNull(text),
    status,
    last_message_at: time,
    score: described(orNull(count), 'How the user rated it, 1 … 5.'),
  }),
  {
    id: 41,
    title: 'Returning an order',
    status: 'resolved',
    last_message_at: '2026-11-20T09:30:00.000Z',
    score: 5,
  },
);
export const presentEarlier = presenter(earlier);

const agent = named('Agent', Type.Object({ id, name: text, role, online: flag }), {
  id: 12,
  name: 'Grace',
  role: 'agent',
  online: true,
});
export const presentAgent = presenter(agent);

const changed = { 200: json('The conversation, changed', conversation) };
const content = prose(16_000);

export const inboxContract = contract('Inbox', {
  'GET /api/v1/inbox': {
    who: 'editors',
    summary: 'Conversations for people',
    detail:
      'For agents and administrators. Without `status`: what waits for a person or has one, longest waiting first; conversations whose ' +
      'user does not wait come last. `bot` and `resolved` ones come newest first. Showing a last message adds an entry to the audit log.',
    query: closed({
      ...paging,
      status: Type.Optional(status),
      assignee: Type.Optional(
        Type.String({
          pattern: '^(me|none|[1-9]\\d{0,15})$',
          description: '`me`, `none`, or the id of an agent.',
        }),
      ),
    }),
    answers: { 200: json('A page', page(inboxItem)) },
  },
  'GET /api/v1/inbox/agents': {
    who: 'editors',
    summary: 'Agents and administrators, and who is connected',
    query: closed(paging),
    answers: { 200: json('A page', page(agent)) },
  },
  'GET /api/v1/inbox/:id': {
    who: 'editors',
    summary: 'A conversation, for whoever answers it',
    detail: 'Counts as read. Each read adds an entry to the audit log.',
    answers: { 200: json('The conversation', inboxConversation) },
  },
  'GET /api/v1/inbox/:id/messages': {
    who: 'editors',
    summary: 'Messages of a conversation, page by page',
    detail: 'Each read adds an entry to the audit log.',
    query: closed({ ...paging, order: defaulted(oneOf('asc', 'desc'), 'asc') }),
    answers: { 200: json('A page', page(message)) },
  },
  'GET /api/v1/inbox/:id/person': {
    who: 'editors',
    summary: 'Who asks, and what they asked before',
    detail: 'Each read adds an entry to the audit log.',
    answers: {
      200: json(
        'The user and their twenty newest conversations',
        Type.Object({ person: inboxPerson, conversations: Type.Array(earlier) }),
      ),
    },
  },
  'POST /api/v1/inbox/:id/take': {
    who: 'editors',
    summary: 'Take a conversation',
    detail:
      'From the bot, from the line, or after it was resolved. A running answer is cancelled within a second, and the bot says nothing ' +
      'more. Of two who take it, one gets it.',
    answers: changed,
    problems: ['conflict'],
  },
  'POST /api/v1/inbox/:id/assign': {
    who: 'editors',
    summary: 'Give a conversation to an agent, or to none',
    body: closed({ agent_id: orNull(givenId) }),
    example: { agent_id: 12 },
    answers: changed,
    problems: ['conflict'],
  },
  'POST /api/v1/inbox/:id/reply': {
    who: 'editors',
    summary: 'Answer the user',
    detail: 'In a conversation that you have taken.',
    parameters: [idempotencyKey],
    body: closed({ content }),
    example: { content: 'Hello, I am looking into it.' },
    answers: {
      201: json('The message', message, { 'Idempotency-Replayed': idempotencyReplayed, ...rateHeaders }),
    },
    problems: ['conflict', 'idempotency_key_reused'],
  },
  'POST /api/v1/inbox/:id/note': {
    who: 'editors',
    summary: 'Add an internal note',
    detail: 'Never shown to the user, and never in a prompt.',
    body: closed({ content }),
    example: { content: 'Called the billing team.' },
    answers: { 201: json('The note', note, rateHeaders) },
  },
  'POST /api/v1/inbox/:id/draft': {
    who: 'editors',
    summary: 'What the assistant would answer',
    detail: 'To the user’s newest message. Sent to nobody and not stored.',
    answers: {
      200: json('The draft', Type.Object({ content: text, sources: Type.Array(source) }), rateHeaders),
    },
    problems: ['conflict', 'consent_required', 'service_unavailable'],
  },
  'POST /api/v1/inbox/:id/return': {
    who: 'editors',
    summary: 'Give a conversation back to the bot',
    detail: 'The bot answers the user’s next message. Administrators may also return what another agent has.',
    answers: changed,
    problems: ['conflict'],
  },
  'POST /api/v1/inbox/:id/resolve': {
    who: 'editors',
    summary: 'Resolve a conversation',
    detail: 'The user’s next message reopens it. Administrators may also resolve what another agent has.',
    body: closed({ outcome: defaulted(prose(100), 'resolved') }),
    example: { outcome: 'resolved' },
    answers: changed,
    problems: ['conflict'],
  },
});

export const inboxClientEvents = clientEvents({
  viewing: {
    summary: 'An agent looks at a conversation: told to all agents',
    frame: closed({ conversation_id: anyId }),
    answer: Type.Object({}),
    example: { conversation_id: 3 },
  },
  typing: {
    summary: 'Somebody types: a user to the agent, or an agent to the user',
    frame: closed({ conversation_id: anyId }),
    answer: Type.Object({}),
    example: { conversation_id: 3 },
  },
});
