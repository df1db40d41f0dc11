import type { FaqCategoryFields } from '../../db/models/faqCategory.ts';
import { cursor, limit, slug } from '../faqs/schemas.ts';
import { bodySchema, querySchema } from '../middleware/validate.ts';

const fields = {
  name: { type: 'string', maxLength: 100, pattern: '\\S' },
  slug,
  description: { type: ['string', 'null'], maxLength: 1_000 },
};

export const createBody = bodySchema<FaqCategoryFields>({
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: fields,
});

export const changeBody = bodySchema<Partial<FaqCategoryFields>>({
  type: 'object',
  additionalProperties: false,
  properties: fields,
});

export const listQuery = querySchema<{ limit: number; cursor?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { limit, cursor },
});
