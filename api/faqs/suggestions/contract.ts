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
    summary: 'Questions that the knowledge base lacks',
    detail:
      'For administrators and agents. A question is here if no FAQ was near enough, if its answer cited no FAQ, or if its answer was rated down. Questions are grouped by meaning, ' +
      'the most asked first. E-mail addresses, phone, card and account numbers are removed. `would_answer`: how many of the questions the drafted FAQ answers; null while it has no vectors.',
    query: closed({ ...paging, status: defaulted(status, 'open') }),
    answers: { 200: json('A page', page(suggestion)) },
  },
  'POST /api/v1/faqs/suggestions/:id/draft': {
    who: 'editors',
    summary: 'Draft an FAQ from a suggestion',
    detail: 'Without `question` it is the users’ question.',
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
