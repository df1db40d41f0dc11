import type { FaqFields, FaqFilter } from '../../db/models/faq.ts';
import { language } from '../auth/schemas.ts';
import { bodySchema, querySchema } from '../middleware/validate.ts';

const STATUSES = ['draft', 'published', 'archived'];
/** Not only white space. */
const SOMETHING = '\\S';
export const slug = { type: 'string', maxLength: 200, pattern: '^[a-z0-9]+([-_][a-z0-9]+)*$' };

/** The fields of an FAQ, shared by creating, changing and importing. Lengths are characters. */
export const faqFields = {
  question: { type: 'string', maxLength: 1_000, pattern: SOMETHING },
  answer: { type: 'string', maxLength: 20_000, pattern: SOMETHING },
  category_id: { type: ['integer', 'null'], minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  keywords: {
    type: 'array',
    maxItems: 50,
    items: { type: 'string', maxLength: 100, pattern: SOMETHING },
  },
  language,
  status: { enum: STATUSES },
  priority: { type: 'integer', minimum: -1_000_000, maximum: 1_000_000 },
  slug,
  meta_title: { type: ['string', 'null'], maxLength: 255 },
  meta_description: { type: ['string', 'null'], maxLength: 1_000 },
};

export const createBody = bodySchema<FaqFields>({
  type: 'object',
  additionalProperties: false,
  required: ['question', 'answer'],
  properties: faqFields,
});

export const changeBody = bodySchema<Partial<FaqFields>>({
  type: 'object',
  additionalProperties: false,
  properties: faqFields,
});

export const feedbackBody = bodySchema<{ helpful: boolean }>({
  type: 'object',
  additionalProperties: false,
  required: ['helpful'],
  properties: { helpful: { type: 'boolean' } },
});

export const limit = { type: 'integer', minimum: 1, maximum: 100, default: 20 };
export const cursor = { type: 'string', minLength: 1, maxLength: 200 };

export const listQuery = querySchema<FaqFilter & { limit: number; cursor?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: {
    limit,
    cursor,
    status: { enum: STATUSES },
    language,
    category_id: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  },
});

/** Characters of `q`; a query of more is no query. */
export const searchQuery = querySchema<{ q: string; limit: number; language?: string }>({
  type: 'object',
  additionalProperties: false,
  required: ['q'],
  properties: { q: { type: 'string', maxLength: 1_000, pattern: SOMETHING }, limit, language },
});

/** One FAQ of an import: as it is created, or with its category's slug. */
export const importItem = bodySchema<FaqFields & { category?: string }>({
  type: 'object',
  additionalProperties: false,
  required: ['question', 'answer'],
  properties: { ...faqFields, category: slug },
});

export const importQuery = querySchema<{ all_or_nothing: boolean }>({
  type: 'object',
  additionalProperties: false,
  properties: { all_or_nothing: { type: 'boolean', default: false } },
});

export const exportQuery = querySchema<FaqFilter & { separator: 'comma' | 'semicolon' | 'tab' }>({
  type: 'object',
  additionalProperties: false,
  properties: {
    separator: { enum: ['comma', 'semicolon', 'tab'], default: 'comma' },
    status: { enum: STATUSES },
    language,
    category_id: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  },
});
