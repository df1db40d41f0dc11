import type { NewUser } from '../../db/models/user.ts';
import { language, name, newPassword, timezone, username } from '../auth/schemas.ts';
import { cursor, limit } from '../faqs/schemas.ts';
import { bodySchema, querySchema } from '../middleware/validate.ts';

export const changeBody = bodySchema<Partial<Omit<NewUser, 'email' | 'hashed_password' | 'gdpr_consent'>>>({
  type: 'object',
  additionalProperties: false,
  properties: {
    username,
    first_name: name,
    last_name: name,
    language,
    timezone,
    avatar_url: { type: ['string', 'null'], maxLength: 2048, format: 'https-url' },
    data_processing_consent: { type: 'boolean' },
    marketing_consent: { type: 'boolean' },
  },
});

export const passwordBody = bodySchema<{ current_password: string; new_password: string }>({
  type: 'object',
  additionalProperties: false,
  required: ['current_password', 'new_password'],
  properties: {
    current_password: { type: 'string', minLength: 1, maxLength: 256 },
    new_password: newPassword,
  },
});

export const sessionsQuery = querySchema<{ limit: number; cursor?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { limit, cursor },
});
