import type { SuggestionStatus } from '../../../db/models/faqSuggestion.ts';
import { bodySchema, querySchema } from '../../middleware/validate.ts';
import { cursor, faqFields, limit } from '../schemas.ts';

export const listQuery = querySchema<{ limit: number; cursor?: string; status: SuggestionStatus }>({
  type: 'object',
  additionalProperties: false,
  properties: { limit, cursor, status: { enum: ['open', 'drafted', 'dismissed'], default: 'open' } },
});

export const draftBody = bodySchema<{ question?: string; answer?: string; category_id?: number | null }>({
  type: 'object',
  additionalProperties: false,
  properties: {
    question: faqFields.question,
    answer: faqFields.answer,
    category_id: faqFields.category_id,
  },
});
