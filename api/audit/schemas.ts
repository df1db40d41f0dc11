import type { AuditFilter } from '../../db/models/auditView.ts';
import { cursor, limit } from '../faqs/schemas.ts';
import { querySchema } from '../middleware/validate.ts';

const userId = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const time = { type: 'string', format: 'moment' };

export const listQuery = querySchema<AuditFilter & { limit: number; cursor?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: {
    limit,
    cursor,
    actor_id: userId,
    subject_id: userId,
    action: { type: 'string', maxLength: 100, pattern: '^[a-z_]+\\.[a-z_]+$' },
    from: time,
    to: time,
  },
});
