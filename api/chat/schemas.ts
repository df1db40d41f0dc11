import { language } from '../auth/schemas.ts';
import { bodySchema } from '../middleware/validate.ts';

export type Strategy = 'enqueue' | 'reject' | 'interrupt';
export type SendBody = {
  content: string;
  conversation_id?: number | null;
  language?: string;
  metadata?: Record<string, unknown>;
  multitask_strategy?: Strategy;
};
/** What a socket sends: the same, and what HTTP says in its path and headers. */
export type MessageFrame = SendBody & { type?: 'message'; idempotency_key?: string };

const fields = {
  // Code points; \S wants one that is not white space.
  content: { type: 'string', minLength: 1, maxLength: 16_000, pattern: '\\S' },
  conversation_id: { type: ['integer', 'null'] },
  language,
  metadata: { type: 'object' },
  multitask_strategy: { enum: ['enqueue', 'reject', 'interrupt'] },
};

export const sendBody = bodySchema<SendBody>({
  type: 'object',
  additionalProperties: false,
  required: ['content'],
  properties: fields,
});

export const messageFrame = bodySchema<MessageFrame>({
  type: 'object',
  additionalProperties: false,
  required: ['content'],
  properties: { ...fields, type: { const: 'message' }, idempotency_key: { type: 'string' } },
});

/** What a plain WebSocket sends: there the type says what the frame is. */
export const webSocketFrame = bodySchema<MessageFrame>({
  type: 'object',
  additionalProperties: false,
  required: ['type', 'content'],
  properties: { ...fields, type: { const: 'message' }, idempotency_key: { type: 'string' } },
});
