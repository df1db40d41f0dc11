import type { SchemaObject } from 'ajv';
import { refreshFrame } from '../auth/schemas.ts';
import { messageFrame } from '../chat/schemas.ts';
import { taken } from '../chat/description.ts';
import { readFrame } from '../conversations/schemas.ts';
import { flag, list, object, oneOf, time } from '../docs/schema.ts';
import type { Schema } from '../middleware/validate.ts';
import { run } from '../runs/description.ts';
import { runEvents } from '../runs/events.ts';
import { cancelFrame, resumeFrame } from '../runs/schemas.ts';

/** What clients may say over Socket.IO: the schema that checks it, and what the acknowledgement adds to `ok: true`. */
export const clientEvents: Record<string, ClientEvent> = {
  message: {
    summary: 'Send a message, as POST /api/v1/chat/send does',
    frame: messageFrame,
    answer: { allOf: [taken, object({ replayed: flag }, ['replayed'])] },
    example: { content: 'How do I reset my password?', idempotency_key: 'b7c1' },
  },
  resume: {
    summary: 'What came of a run after a seq',
    frame: resumeFrame,
    answer: object({ events: list(anyRunEvent()), done: flag, reset: flag }, ['reset']),
    example: { run_id: 42, after_seq: 3 },
  },
  cancel: {
    summary: 'Cancel a run',
    frame: cancelFrame,
    answer: object({ run }),
    example: { run_id: 42 },
  },
  delivered: {
    summary: 'A message has arrived on this device',
    frame: readFrame,
    answer: object({}),
    example: { message_id: 82 },
  },
  read: {
    summary: 'A message was read',
    frame: readFrame,
    answer: object({}),
    example: { message_id: 82 },
  },
  refresh: {
    summary:
      'A newer access token of the same sign-in: without one the socket is closed when its token runs out',
    frame: refreshFrame,
    answer: object({ expires_at: time }),
    example: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl' },
  },
};

export type ClientEvent = {
  summary: string;
  frame: Schema<never> | Schema<unknown>;
  answer: SchemaObject;
  example: unknown;
};

function anyRunEvent(): SchemaObject {
  const events = Object.entries(runEvents);
  return { anyOf: events.map(([event, data]) => object({ event: oneOf(event), data })) };
}
