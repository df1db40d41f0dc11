import { Type } from '../contract/type.ts';
import { MESSAGE_REFUSED, taken, takenAs } from '../contract/answering.ts';
import { clientEvents, contract } from '../contract/contract.ts';
import { anyId, anything, flag, language } from '../contract/fields.ts';
import { idempotencyKey } from '../middleware/headers.ts';
import { closed, oneOf, orNull } from '../contract/schema.ts';

const fields = {
  // Lengths count code points; \S asks for one that is not white space.
  content: Type.String({ minLength: 1, maxLength: 16_000, pattern: '\\S' }),
  conversation_id: Type.Optional(orNull(anyId)),
  assistant_id: Type.Optional(orNull(anyId)),
  language: Type.Optional(language),
  metadata: Type.Optional(anything),
  multitask_strategy: Type.Optional(oneOf('enqueue', 'reject', 'interrupt', 'coalesce')),
};
const sendBody = closed(fields);

export const chatContract = contract('Chat', {
  'POST /api/v1/chat/send': {
    who: 'signed in by its act',
    summary: 'Send a message',
    detail:
      'Once this answers 202 the message is stored and will be answered exactly once. Without `conversation_id` a ' +
      'conversation begins, with the default assistant or that of `assistant_id`, which is for such a message alone. `multitask_strategy` says what happens while a run of the conversation is on: `enqueue` waits, ' +
      '`reject` refuses, `interrupt` cancels what is on or waiting, `coalesce` joins the newest run that has not called the model yet: ' +
      'then `run_id` and `reply_id` are that run’s, `status` is `joined`, and one answer is for all its messages. ' +
      'While the conversation is `waiting` or with an `agent`, ' +
      'the message is stored and told, and no model is called: `status` is `with_agent`, without run and reply.',
    parameters: [idempotencyKey],
    body: sendBody,
    example: { content: 'How do I reset my password?', language: 'en' },
    answers: { 202: takenAs('Taken') },
    problems: [...MESSAGE_REFUSED],
  },
});

const type = Type.Literal('message');
const idempotency_key = Type.Optional(Type.String());

export const chatEvents = clientEvents({
  message: {
    summary: 'Send a message, as POST /api/v1/chat/send does',
    frame: closed({ ...fields, type: Type.Optional(type), idempotency_key }),
    answer: Type.Intersect([taken, Type.Object({ replayed: Type.Optional(flag) })]),
    example: { content: 'How do I reset my password?', idempotency_key: 'b7c1' },
  },
});

/** A message over a plain WebSocket, where `type` names the kind of frame. */
export const messageFrame = closed({ ...fields, type, idempotency_key });
