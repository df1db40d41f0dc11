import { Type } from 'typebox';
import { contract, json, nothing } from '../contract/contract.ts';
import { id, line, paging, slug, text, time } from '../contract/fields.ts';
import { location } from '../middleware/headers.ts';
import { closed, named, optional, orNull, page, presenter } from '../contract/schema.ts';

const category = named(
  'FaqCategory',
  Type.Object({
    id,
    name: text,
    slug: text,
    description: orNull(text),
    created_at: time,
    updated_at: time,
  }),
  {
    id: 1,
    name: 'Account',
    slug: 'account',
    description: null,
    created_at: '2026-11-20T09:30:00.000Z',
    updated_at: '2026-11-20T09:30:00.000Z',
  },
);
export const presentFaqCategory = presenter(category);

const fields = { name: line(100), slug, description: orNull(Type.String({ maxLength: 1_000 })) };

export const faqCategoryContract = contract('Knowledge base', {
  'GET /api/v1/faq-categories': {
    who: 'signed in',
    summary: 'Categories of FAQs',
    query: closed(paging),
    answers: { 200: json('A page', page(category)) },
  },
  'POST /api/v1/faq-categories': {
    who: 'editors',
    summary: 'Add a category',
    detail: 'For administrators and agents.',
    body: closed({ ...optional(fields), name: fields.name }),
    example: { name: 'Account' },
    answers: { 201: json('Added', category, { Location: location }) },
    problems: ['already_exists'],
  },
  'GET /api/v1/faq-categories/:id': {
    who: 'signed in',
    summary: 'A category',
    answers: { 200: json('The category', category) },
  },
  'PUT /api/v1/faq-categories/:id': {
    who: 'editors',
    summary: 'Change a category',
    body: closed(optional(fields)),
    example: { name: 'Accounts' },
    answers: { 200: json('The category, changed', category) },
    problems: ['already_exists'],
  },
  'DELETE /api/v1/faq-categories/:id': {
    who: 'editors',
    summary: 'Delete a category',
    detail: 'Its FAQs stay, without a category.',
    answers: { 204: nothing('Deleted') },
  },
});
