import { describe, json, location, nothing, other } from '../docs/describe.ts';
import { count, id, list, named, object, oneOf, orNull, page, text, time } from '../docs/schema.ts';

const faq = named(
  'Faq',
  object({
    id,
    category_id: orNull(id),
    question: text,
    answer: text,
    keywords: list(text),
    language: text,
    status: oneOf('draft', 'published', 'archived'),
    priority: { type: 'integer' },
    slug: text,
    view_count: count,
    helpful_count: count,
    not_helpful_count: count,
    meta_title: orNull(text),
    meta_description: orNull(text),
    created_at: time,
    updated_at: time,
    published_at: orNull(time),
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
  },
);

export const faqDescriptions = describe('Knowledge base', {
  'GET /api/v1/faqs': {
    summary: 'FAQs',
    detail: 'Users see published ones only.',
    answers: { 200: json('A page', page(faq)) },
  },
  'POST /api/v1/faqs': {
    summary: 'Write an FAQ',
    detail: 'For administrators and agents. `slug` is made of the question where it is absent.',
    example: {
      question: 'How can I change my password?',
      answer: 'Choose “Forgot password”.',
      status: 'published',
    },
    answers: { 201: json('Written', faq, { Location: location }) },
    problems: ['already_exists'],
  },
  'GET /api/v1/faqs/search': {
    summary: 'Search published FAQs',
    detail:
      'By meaning and by words, best first; what answers nothing is left out. FAQs in `language` go first, others are the fallback. `cached`: from the cache, which every change of an FAQ voids.',
    answers: {
      200: json(
        'What was found',
        object({
          data: list(
            object({ id, question: text, answer: text, language: text, similarity: { type: 'number' } }),
          ),
          cached: { type: 'boolean' },
        }),
      ),
    },
  },
  'POST /api/v1/faqs/import': {
    summary: 'Import FAQs',
    detail:
      'For administrators and agents. A JSON array of FAQs, as they are created but with `category` (a slug) in place of `category_id` if you like, or ' +
      'CSV with a header line: `question`, `answer`, `category`, `keywords` with `|` between them (`\\|` is a `|` of a keyword), `language`, `status`, ' +
      '`priority`, `slug`, `meta_title`, `meta_description`. Up to 50 MB and 100,000 FAQs. CSV is taken as spreadsheets write it: separated by commas, ' +
      'semicolons or tabs, or by what a first line `sep=;` names; in UTF-8, in UTF-16 with a byte order mark, else in Windows-1252 or the `charset` of the ' +
      'content type. Blank lines and columns do not count. Where the content type says neither JSON nor CSV, the first character tells. It is worked through ' +
      'in the background; a `faq.import` event tells your sockets how far it is. `all_or_nothing`: one fault and nothing is imported.',
    example: [{ question: 'Where are you?', answer: 'In Berlin.' }],
    answers: {
      202: json('Taken', object({ import_id: id, status: oneOf('queued') }), { Location: location }),
    },
    problems: [
      'validation_failed',
      'malformed_json',
      'body_too_large',
      'unsupported_encoding',
      'bad_request',
    ],
  },
  'GET /api/v1/faqs/imports/:id': {
    summary: 'How far an import is',
    detail: 'One of your own. `errors` shows the first 1,000 lines that were not imported, and why.',
    answers: {
      200: json(
        'The import',
        object({
          import_id: id,
          status: oneOf('receiving', 'queued', 'in_progress', 'completed', 'failed'),
          all_or_nothing: { type: 'boolean' },
          total: count,
          processed: count,
          imported: count,
          failed: count,
          errors: list(object({ line: count, errors: list(object({ path: text, message: text })) })),
          created_at: time,
          completed_at: orNull(time),
        }),
      ),
    },
  },
  'GET /api/v1/faqs/export': {
    summary: 'Export FAQs',
    detail:
      'For administrators and agents: CSV as it can be imported, in UTF-8 with a byte order mark. Excel expects the `separator` of the country that ' +
      'Windows is set to.',
    answers: { 200: other('The FAQs', 'text/csv') },
  },
  'GET /api/v1/faqs/suggestions': {
    summary: 'What is missing',
    detail:
      'For administrators and agents. Questions that no FAQ was near enough to, whose answer cited none of those that were, or was rated down, grouped by what they mean, the most ' +
      'asked first. E-mail addresses, phone, card and account numbers are taken out. `would_answer`: of a drafted one, how many of its questions the FAQ answers.',
    answers: {
      200: json(
        'A page',
        page(
          object({
            id,
            question: text,
            language: text,
            status: oneOf('open', 'drafted', 'dismissed'),
            asked: count,
            examples: list(text),
            faq_id: orNull(id),
            would_answer: orNull(count),
            last_asked_at: time,
          }),
        ),
      ),
    },
  },
  'POST /api/v1/faqs/suggestions/:id/draft': {
    summary: 'Draft an FAQ of a suggestion',
    detail: 'The question is the users’ unless you give one.',
    example: { answer: 'We are in Berlin.' },
    answers: { 201: json('The draft', faq, { Location: location }) },
    problems: ['already_exists'],
  },
  'POST /api/v1/faqs/suggestions/:id/dismiss': {
    summary: 'Dismiss a suggestion',
    answers: { 204: nothing('Dismissed') },
    problems: ['already_exists'],
  },
  'GET /api/v1/faqs/:id': {
    summary: 'An FAQ',
    answers: { 200: json('The FAQ', faq) },
  },
  'PUT /api/v1/faqs/:id': {
    summary: 'Change an FAQ',
    detail:
      'Where it is published, `would_answer` tells how many questions of open suggestions (and of the one it was drafted from) it answers now; ' +
      'null while it has no vectors yet.',
    example: { status: 'archived' },
    answers: {
      200: json('The FAQ, changed', {
        allOf: [faq, object({ would_answer: orNull(count) }, ['would_answer'])],
      }),
    },
    problems: ['already_exists'],
  },
  'DELETE /api/v1/faqs/:id': {
    summary: 'Delete an FAQ',
    answers: { 204: nothing('Deleted') },
  },
  'POST /api/v1/faqs/:id/feedback': {
    summary: 'Say whether an FAQ helped',
    detail: 'Counted once per user; the last word stands.',
    example: { helpful: true },
    answers: { 204: nothing('Noted') },
  },
});
