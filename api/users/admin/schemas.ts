import type { UserChange, UserFilter } from '../../../db/models/userAdmin.ts';
import { cursor, limit } from '../../faqs/schemas.ts';
import { bodySchema, querySchema } from '../../middleware/validate.ts';

const role = { enum: ['user', 'agent', 'admin'] };

export const listQuery = querySchema<UserFilter & { limit: number; cursor?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: {
    limit,
    cursor,
    q: { type: 'string', minLength: 1, maxLength: 254 },
    role,
    status: { enum: ['active', 'suspended', 'deleted'] },
  },
});

export const changeBody = bodySchema<UserChange>({
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: { role, status: { enum: ['active', 'suspended'] } },
});
