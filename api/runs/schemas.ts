import { problem } from '../../shared/base/errors.ts';
import { bodySchema, querySchema } from '../middleware/validate.ts';

const SEQ = /^\d{1,15}$/;

/** `after` stays text: coercion would take more for a number than digits. */
export const eventsQuery = querySchema<{ after?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { after: { type: 'string', pattern: SEQ.source } },
});

export const resumeFrame = bodySchema<{ run_id: number; after_seq: number }>({
  type: 'object',
  additionalProperties: false,
  required: ['run_id', 'after_seq'],
  properties: {
    run_id: { type: 'integer' },
    after_seq: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  },
});

export const cancelFrame = bodySchema<{ run_id: number }>({
  type: 'object',
  additionalProperties: false,
  required: ['run_id'],
  properties: { run_id: { type: 'integer' } },
});

/** Where a stream begins. Browsers come again with the header and the old query: the header is newer. */
export function afterSeqOf(query: { after?: string }, lastEventId: string): number {
  if (lastEventId === '') return Number(query.after ?? 0);
  if (SEQ.test(lastEventId)) return Number(lastEventId);
  const errors = [{ path: 'Last-Event-ID', message: 'must be a seq' }];
  throw problem('validation_failed', undefined, { errors });
}
