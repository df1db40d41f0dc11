import type { Rating } from '../../db/models/reply.ts';
import { bodySchema } from '../middleware/validate.ts';

/** Nothing can be said of how to answer again. */
export const regenerateBody = bodySchema<object>({
  type: 'object',
  additionalProperties: false,
  properties: {},
});

export const feedbackBody = bodySchema<{ rating: Rating['rating']; comment?: string | null }>({
  type: 'object',
  additionalProperties: false,
  required: ['rating'],
  properties: {
    rating: { enum: ['up', 'down'] },
    comment: { type: ['string', 'null'], maxLength: 1000 },
  },
});
