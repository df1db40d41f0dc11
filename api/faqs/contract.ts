import { Type } from 'typebox';
import { contract, json, nothing } from '../contract/contract.ts';
import { count, givenId, id, language, paging, prose, slug, text, time } from '../contract/fields.ts';
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

const status = oneOf('draft', 'published', 'archived');

/** An FAQ, the same for everybody who may see it. */
export const faq = named(
  'Faq',
  Type.Object({
    id,
    category_id: orNull(id),
    question: text,
    answer: text,
    keywords: Type.Array(text),
    language: text,
    status,
    priority: Type.Integer(),
    slug: text,
    view_count: count,
    helpful_count: count,
    not_helpful_count: count,
    meta_title: orNull(text),
    meta_description: orNull(text),
    created_at: time,
    updated_at: time,
    published_at: orNull(time),
    translation_of: described(orNull(id), 'The FAQ that this one translates.'),
  }),
  {
    id: 5,
    category_id: 1,
    question: 'How can I change my password?',
    answer: 'Open the sign-in page and choose “Forgot password”.',
    keywords: ['password'],
    language: 'en',
    status: 'published',
    priority: 0,
    slug: 'how-can-i-change-my-password',
    view_count: 12,
    helpful_count: 3,
    not_helpful_count: 0,
    meta_title: null,
    meta_description: null,
    created_at: '2026-11-20T09:30:00.000Z',
    updated_at: '2026-11-20T09:30:00.000Z',
    published_at: '2026-11-20T09:30:00.000Z',
    translation_of: null,
  },
);
export const presentFaq = presenter(faq);

/** An FAQ that a search found. `similarity` is the cosine's: 1 for the same text. */
const foundFaq = Type.Object({
  id,
  question: text,
  answer: text,
  language: text,
  similarity: Type.Number(),
});
export const presentFound = presenter(foundFaq);

export const faqFields = {
  question: prose(1_000),
  answer: prose(20_000),
  category_id: orNull(givenId),
  keywords: Type.Array(prose(100), { maxItems: 50 }),
  language,
  status,
  priority: Type.Integer({ minimum: -1_000_000, maximum: 1_000_000 }),
  slug,
  meta_title: orNull(Type.String({ maxLength: 255 })),
  meta_description: orNull(Type.String({ maxLength: 1_000 })),
};
export const newFaq = {
  ...optional(faqFields),
  question: faqFields.question,
  answer: faqFields.answer,
};
const translation = { translation_of: Type.Optional(orNull(givenId)) };
const search = {
  q: Type.Optional(described(prose(200), 'Words, or parts of words, that question and keywords hold.')),
  of: Type.Optional(described(givenId, 'This FAQ and those that translate it.')),
};

/** An FAQ near a text, and why it counts as an answer or does not. */
const near = Type.Object({
  id,
  question: text,
  answer: text,
  language: text,
  similarity: described(Type.Number(), 'The cosine.'),
  coverage: described(Type.Number(), 'The share of the text’s words that the FAQ holds, by their rarity.'),
  found: described(Type.Boolean(), 'Whether a search finds it: one of both is enough.'),
});
export const presentNear = presenter(near);
const embedding = described(
  oneOf('ready', 'waiting', 'failing', 'off'),
  '`waiting`: vectors are owed. `failing`: the model refused three times. `off`: no model makes any.',
);
const faqState = Type.Object({
  embedding,
  uses: described(count, 'Answers of the last thirty days that cite it.'),
});
export const presentState = presenter(faqState);
const states = Type.Array(Type.Object({ id, embedding }));

export const faqFilter = optional({ status, language, category_id: givenId });

export const faqContract = contract('Knowledge base', {
  'GET /api/v1/faqs': {
    who: 'signed in',
    summary: 'FAQs',
    detail: 'Users see published ones only. Editors also get `states`, one for each FAQ of the page.',
    query: closed({ ...paging, ...faqFilter, ...search }),
    answers: {
      200: json('A page', Type.Intersect([page(faq), Type.Object({ states: Type.Optional(states) })])),
    },
  },
  'POST /api/v1/faqs': {
    who: 'editors',
    summary: 'Write an FAQ',
    detail: 'For administrators and agents. Without `slug` the question makes one.',
    body: closed({ ...newFaq, ...translation }),
    example: {
      question: 'How can I change my password?',
      answer: 'Choose “Forgot password”.',
      status: 'published',
    },
    answers: { 201: json('Written', faq, { Location: location }) },
    problems: ['already_exists'],
  },
  'GET /api/v1/faqs/search': {
    who: 'signed in',
    summary: 'Search published FAQs',
    detail:
      'By meaning and by words, best first, without FAQs that are not an answer. FAQs in `language` come first, others are the fallback. `cached`: the result of your earlier search; any change of an FAQ voids it. 300 a minute.',
    query: closed({ q: prose(1_000), limit: paging.limit, language: Type.Optional(language) }),
    answers: {
      200: json('What was found', Type.Object({ data: Type.Array(foundFaq), cached: Type.Boolean() })),
    },
  },
  'GET /api/v1/faqs/ask': {
    who: 'editors',
    summary: 'What a search finds, and why',
    detail:
      'For administrators and agents. Also shows published FAQs that are half as near, or hold half as many of the words, as an ' +
      'answer must. 300 a minute, with searches.',
    query: closed({
      q: prose(1_000),
      limit: defaulted(Type.Integer({ minimum: 1, maximum: 20 }), 10),
      language: Type.Optional(language),
    }),
    answers: {
      200: json(
        'What is near',
        Type.Object({
          threshold: described(Type.Number(), 'The similarity from which an FAQ is found.'),
          coverage: described(Type.Number(), 'The share of words from which it is found too.'),
          by_words_only: described(Type.Boolean(), 'The text has no vector: the model is off or away.'),
          data: Type.Array(near),
        }),
      ),
    },
  },
  'GET /api/v1/faqs/:id/state': {
    who: 'editors',
    summary: 'Whether an FAQ can be found, and how much it is used',
    answers: { 200: json('Its state', faqState) },
  },
  'GET /api/v1/faqs/:id': {
    who: 'signed in',
    summary: 'An FAQ',
    answers: { 200: json('The FAQ', faq) },
  },
  'PUT /api/v1/faqs/:id': {
    who: 'editors',
    summary: 'Change an FAQ',
    detail:
      'When this publishes the FAQ, `would_answer` counts the questions of open suggestions (and of the one it was drafted from) that it answers ' +
      'now; null while it has no vectors.',
    body: closed({ ...optional(faqFields), ...translation }),
    example: { status: 'archived' },
    answers: {
      200: json(
        'The FAQ, changed',
        Type.Intersect([faq, Type.Object({ would_answer: Type.Optional(orNull(count)) })]),
      ),
    },
    problems: ['already_exists'],
  },
  'DELETE /api/v1/faqs/:id': {
    who: 'editors',
    summary: 'Delete an FAQ',
    answers: { 204: nothing('Deleted') },
  },
  'POST /api/v1/faqs/:id/feedback': {
    who: 'signed in',
    summary: 'Say whether an FAQ helped',
    detail: 'Counted once per user; a later answer replaces the first.',
    body: closed({ helpful: Type.Boolean() }),
    example: { helpful: true },
    answers: { 204: nothing('Noted') },
  },
});
