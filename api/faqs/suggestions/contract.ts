import { Type } from 'typebox';
import { contract, json, nothing } from '../../contract/contract.ts';
import { count, id, paging, text, time } from '../../contract/fields.ts';
import { location } from '../../middleware/headers.ts';
import { closed, defaulted, oneOf, optional, orNull, page, presenter } from '../../contract/schema.ts';
import { faq, faqFields } from '../contract.ts';

const status = oneOf('open', 'drafted', 'dismissed');
const { question, answer, category_id } = faqFields;

const suggestion = Type.Object({
  id,
  question: text,
  language: text,
  status,
  asked: count,
  examples: Type.Array(text),
  faq_id: orNull(id),
  would_answer: orNull(count),
  last_asked_at: time,
});
export const presentSuggested = presenter(suggestion);

export const faqSuggestionContract = contract('Knowledge base', {
  'GET /api/v1/faqs/suggestions': {
    who: 'editors',
    summary: 'What is missing',
    detail:
      'For administrators and agents. Questions that no FAQ was near enough to, whose answer cited none of those that were, or was rated down, grouped by what they mean, the most ' +
      'asked first. E-mail addresses, phone, card and account numbers are taken out. `would_answer`: of a drafted one, how many of its questions the FAQ answers.',
    query: closed({ ...paging, status: defaulted(status, 'open') }),
    answers: { 200: json('A page', page(suggestion)) },
  },
  'POST /api/v1/faqs/suggestions/:id/draft': {
    who: 'editors',
    summary: 'Draft an FAQ of a suggestion',
    detail: 'The question is the users’ unless you give one.',
    body: closed(optional({ question, answer, category_id })),
    example: { answer: 'We are in Berlin.' },
    answers: { 201: json('The draft', faq, { Location: location }) },
    problems: ['already_exists'],
  },
  'POST /api/v1/faqs/suggestions/:id/dismiss': {
    who: 'editors',
    summary: 'Dismiss a suggestion',
    answers: { 204: nothing('Dismissed') },
    problems: ['already_exists'],
  },
});
