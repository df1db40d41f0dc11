import { describe, json, location, nothing } from '../docs/describe.ts';
import { id, named, object, orNull, page, text, time } from '../docs/schema.ts';

const category = named(
  'FaqCategory',
  object({ id, name: text, slug: text, description: orNull(text), created_at: time, updated_at: time }),
  {
    id: 1,
    name: 'Account',
    slug: 'account',
    description: null,
    created_at: '2026-11-20T09:30:00.000Z',
    updated_at: '2026-11-20T09:30:00.000Z',
  },
);

export const faqCategoryDescriptions = describe('Knowledge base', {
  'GET /api/v1/faq-categories': {
    summary: 'Categories of FAQs',
    answers: { 200: json('A page', page(category)) },
  },
  'POST /api/v1/faq-categories': {
    summary: 'Add a category',
    detail: 'For administrators and agents.',
    example: { name: 'Account' },
    answers: { 201: json('Added', category, { Location: location }) },
    problems: ['already_exists'],
  },
  'GET /api/v1/faq-categories/:id': {
    summary: 'A category',
    answers: { 200: json('The category', category) },
  },
  'PUT /api/v1/faq-categories/:id': {
    summary: 'Change a category',
    example: { name: 'Accounts' },
    answers: { 200: json('The category, changed', category) },
    problems: ['already_exists'],
  },
  'DELETE /api/v1/faq-categories/:id': {
    summary: 'Delete a category',
    detail: 'Its FAQs stay, without a category.',
    answers: { 204: nothing('Deleted') },
  },
});
