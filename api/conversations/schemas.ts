import type { ConversationChange } from '../../db/models/conversation.ts';
import { language } from '../auth/schemas.ts';
import { bodySchema, querySchema } from '../middleware/validate.ts';

const limit = { type: 'integer', minimum: 1, maximum: 100, default: 20 };
const cursor = { type: 'string', minLength: 1, maxLength: 200 };

/** Archived conversations are listed when asked for, by themselves. */
export const listQuery = querySchema<{ limit: number; cursor?: string; archived: boolean; q: string }>({
  type: 'object',
  additionalProperties: false,
  properties: {
    limit,
    cursor,
    archived: { type: 'boolean', default: false },
    q: { type: 'string', maxLength: 200, default: '' },
  },
});

export const messagesQuery = querySchema<{ limit: number; cursor?: string; order: 'asc' | 'desc' }>({
  type: 'object',
  additionalProperties: false,
  properties: { limit, cursor, order: { enum: ['asc', 'desc'], default: 'asc' } },
});

export const changeBody = bodySchema<ConversationChange>({
  type: 'object',
  additionalProperties: false,
  properties: {
    title: { type: ['string', 'null'], minLength: 1, maxLength: 255 },
    tags: {
      type: 'array',
      maxItems: 50,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: 50 },
    },
    language,
    is_archived: { type: 'boolean' },
  },
});

/** Of the socket's events `delivered` and `read`. */
export const readFrame = bodySchema<{ message_id: number }>({
  type: 'object',
  additionalProperties: false,
  required: ['message_id'],
  properties: { message_id: { type: 'integer' } },
});
