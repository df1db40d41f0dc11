import { type Static, type TSchema, Type } from 'typebox';
import { contract, json, nothing } from '../contract/contract.ts';
import {
  count,
  flag,
  givenId,
  id,
  language,
  line,
  paging,
  prose,
  real,
  text,
  time,
} from '../contract/fields.ts';
import { location } from '../middleware/headers.ts';
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

/** Returns the schema of values by language; keys are BCP 47 tags. */
function byLanguage<T extends TSchema>(value: T) {
  return Type.Unsafe<Record<string, Static<T>>>({
    type: 'object',
    additionalProperties: value,
    maxProperties: 60,
    description: 'By language tags such as `de` or `zh-Hant`.',
  });
}

const instructions = Type.String({ maxLength: 8_000 });
const fields = {
  name: line(100),
  instructions: described(
    instructions,
    'Stand before the rules of the engine. `{{today}}` and `{{user_name}}` are filled in.',
  ),
  instructions_by_language: byLanguage(instructions),
  model: described(
    orNull(Type.String({ minLength: 1, maxLength: 200 })),
    'A configured chat model; null: CHAT_MODEL.',
  ),
  temperature: orNull(Type.Number({ minimum: 0, maximum: 2 })),
  max_completion_tokens: orNull(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  history_limit: orNull(Type.Integer({ minimum: 0, maximum: 1_000 })),
  knowledge: closed({
    enabled: defaulted(flag, true),
    category_ids: defaulted(orNull(Type.Array(givenId, { maxItems: 100, uniqueItems: true })), null),
  }),
  greeting: byLanguage(Type.String({ maxLength: 1_000 })),
  suggested_questions: byLanguage(Type.Array(prose(200), { maxItems: 10 })),
  handoff: closed({
    enabled: defaulted(flag, false),
    after_unanswered: defaulted(orNull(Type.Integer({ minimum: 1, maximum: 100 })), null),
  }),
};

const EXAMPLE = {
  name: 'Parley',
  instructions: 'You answer for the shop Example. Today is {{today}}.',
  instructions_by_language: { de: 'Du antwortest für den Laden Beispiel. Heute ist {{today}}.' },
  model: null,
  temperature: 0.3,
  max_completion_tokens: null,
  history_limit: null,
  knowledge: { enabled: true, category_ids: [1] },
  greeting: { en: 'How can I help?' },
  suggested_questions: { en: ['How do I reset my password?'] },
  handoff: { enabled: false, after_unanswered: null },
};
const TIMES = { created_at: '2026-11-20T09:30:00.000Z' };

const assistant = named(
  'Assistant',
  Type.Object({
    id,
    is_default: flag,
    version: count,
    ...fields,
    is_archived: flag,
    created_at: time,
    updated_at: time,
  }),
  {
    id: 1,
    is_default: true,
    version: 3,
    ...EXAMPLE,
    is_archived: false,
    ...TIMES,
    updated_at: TIMES.created_at,
  },
);
export const presentAssistant = presenter(assistant);

const version = named('AssistantVersion', Type.Object({ id, version: count, ...fields, created_at: time }), {
  id: 1,
  version: 3,
  ...EXAMPLE,
  ...TIMES,
});
export const presentVersion = presenter(version);

/** Public fields of an assistant, in the user's language. */
const offered = named(
  'OfferedAssistant',
  Type.Object({
    id,
    name: text,
    is_default: flag,
    greeting: orNull(text),
    suggested_questions: Type.Array(text),
  }),
  { id: 1, name: 'Parley', is_default: true, greeting: 'How can I help?', suggested_questions: [] },
);
export const presentOffered = presenter(offered);

const question = Type.String({ minLength: 1, maxLength: 16_000, pattern: '\\S' });
const tried = named(
  'TriedAssistant',
  Type.Object({
    prompt: Type.Array(Type.Object({ role: oneOf('system', 'user', 'assistant'), content: text })),
    passages: Type.Array(Type.Object({ faq_id: id, question: text, answer: text, similarity: real })),
    tokens: described(count, 'Of the prompt.'),
    tokens_by_part: Type.Object({ system: count, passages: count, history: count, question: count }),
    answer: orNull(text),
  }),
);

export const assistantContract = contract('Assistants', {
  'GET /api/v1/assistants': {
    who: 'signed in',
    summary: 'Assistants that answer',
    detail:
      'Greeting and questions in your language, else in English. `all=true` is for administrators: all there is to say of each, ' +
      'archived ones included.',
    query: closed({ ...paging, all: defaulted(flag, false) }),
    answers: { 200: json('A page', Type.Union([page(offered), page(assistant)])) },
    problems: ['forbidden'],
  },
  'POST /api/v1/assistants': {
    who: 'admins',
    summary: 'Add an assistant',
    body: closed({
      name: fields.name,
      instructions: defaulted(fields.instructions, ''),
      instructions_by_language: defaulted(fields.instructions_by_language, {}),
      model: defaulted(fields.model, null),
      temperature: defaulted(fields.temperature, null),
      max_completion_tokens: defaulted(fields.max_completion_tokens, null),
      history_limit: defaulted(fields.history_limit, null),
      knowledge: defaulted(fields.knowledge, { enabled: true, category_ids: null }),
      greeting: defaulted(fields.greeting, {}),
      suggested_questions: defaulted(fields.suggested_questions, {}),
      handoff: defaulted(fields.handoff, { enabled: false, after_unanswered: null }),
    }),
    example: { name: 'Parley', instructions: EXAMPLE.instructions },
    answers: { 201: json('Added', assistant, { Location: location }) },
  },
  'GET /api/v1/assistants/:id': {
    who: 'admins',
    summary: 'An assistant',
    answers: { 200: json('The assistant', assistant) },
  },
  'PUT /api/v1/assistants/:id': {
    who: 'admins',
    summary: 'Change an assistant',
    detail:
      'Makes a new version of what differs, which answers the next message. An archived one cannot be changed, unless ' +
      '`is_archived` is false.',
    body: closed({ ...optional(fields), is_archived: Type.Optional(flag) }),
    example: { temperature: 0.2 },
    answers: { 200: json('The assistant, changed', assistant) },
    problems: ['conflict'],
  },
  'DELETE /api/v1/assistants/:id': {
    who: 'admins',
    summary: 'Archive an assistant',
    detail:
      'No conversation begins with it any more; old ones go on with the version that it has. Not for the default.',
    answers: { 204: nothing('Archived') },
    problems: ['conflict'],
  },
  'GET /api/v1/assistants/:id/versions': {
    who: 'admins',
    summary: 'Versions of an assistant',
    detail: 'The newest first.',
    query: closed(paging),
    answers: { 200: json('A page', page(version)) },
  },
  'POST /api/v1/assistants/:id/default': {
    who: 'admins',
    summary: 'Make an assistant the default',
    detail: 'It answers conversations that begin without naming an assistant.',
    answers: { 204: nothing('It is the default') },
    problems: ['conflict'],
  },
  'POST /api/v1/assistants/:id/try': {
    who: 'admins',
    summary: 'Try an assistant',
    detail:
      'Shows the prompt that a conversation beginning with `content` would have, its passages and its tokens, and with `answer` what the ' +
      'model says. Stores nothing, and counts as no message.',
    body: closed({
      content: question,
      language: Type.Optional(language),
      answer: defaulted(flag, false),
      changes: Type.Optional(described(closed(optional(fields)), 'Tried as if they were saved.')),
    }),
    example: { content: 'How do I reset my password?', answer: true },
    answers: { 200: json('What it comes to', tried) },
    problems: ['service_unavailable', 'validation_failed'],
  },
});
