import { Type } from '../contract/type.ts';
import { refreshFrame } from '../auth/contract.ts';
import { messageFrame } from '../chat/contract.ts';
import { source, usage } from '../contract/answering.ts';
import { contract, nothing } from '../contract/contract.ts';
import { person } from '../contract/conversation.ts';
import { anyId, anything, count, id, text, time } from '../contract/fields.ts';
import { closed, named, oneOf, optional, orNull } from '../contract/schema.ts';

export const webSocketContract = contract('Chat', {
  'GET /api/v1/chat/ws/:user_id': {
    who: 'by its handlers',
    summary: 'A plain WebSocket',
    detail:
      'Send the access token as a subprotocol, `Sec-WebSocket-Protocol: parley, <token>`, or in the query, which proxies may log. ' +
      'Frames are JSON text. In: `{"type": "message", "content", "conversation_id"?, "language"?, "idempotency_key"?}`, and ' +
      '`{"type": "refresh", "token"}` with a newer access token, answered by `{"type": "refreshed", "expires_at"}`, and ' +
      '`{"type": "typing", "conversation_id"}`. Out: ' +
      '`{"type": "delta", "delta"}`, `{"type": "response", "content", "timestamp"}` and `{"type": "error", "code", "message"}`, ' +
      'each with `run_id`, `conversation_id`, `message_id`, `attempt` and `seq` when it belongs to a run. On a delta with ' +
      '`"restart": true`, drop the text shown so far. All connections of a user get all frames of that user’s runs. Closes ' +
      'with 4401 when the sign-in ends or its token expires (after an error frame `token_expired`), with 1012 when the ' +
      'client should dial again, and with 1008 after a flood.',
    parameters: [
      {
        in: 'query',
        name: 'token',
        required: false,
        description: 'The access token, if it is not a subprotocol.',
        schema: text,
      },
    ],
    problems: ['bad_request', 'unauthenticated', 'token_expired', 'forbidden', 'not_found', 'rate_limited'],
    answers: { 101: nothing('The WebSocket') },
  },
});

/** The frames of clients, by `type`. */
export const framesIn = {
  message: messageFrame,
  refresh: refreshFrame,
  typing: closed({ type: Type.Literal('typing'), conversation_id: anyId }),
};

const ids = { run_id: id, conversation_id: id, message_id: id, attempt: count, seq: id };

/** The frames of the server, by `type`; see frames.ts. */
export const framesOut = {
  delta: named(
    'DeltaFrame',
    Type.Object({
      type: oneOf('delta'),
      delta: text,
      restart: Type.Optional(Type.Boolean({ description: 'true: drop the text shown so far' })),
      ...ids,
    }),
  ),
  response: named(
    'ResponseFrame',
    Type.Object({
      type: oneOf('response'),
      content: text,
      timestamp: time,
      ...ids,
      sources: Type.Array(source),
      offered: Type.Array(source),
      usage: orNull(usage),
      finish_reason: orNull(text),
    }),
  ),
  /** A person answers instead of the model. */
  agent: named(
    'AgentFrame',
    Type.Object({
      type: oneOf('agent'),
      content: text,
      conversation_id: id,
      message_id: id,
      agent: person,
      timestamp: time,
    }),
  ),
  /** Who speaks in a conversation from now on. */
  conversation: named(
    'ConversationFrame',
    Type.Object({
      type: oneOf('conversation'),
      conversation_id: id,
      status: oneOf('bot', 'waiting', 'agent', 'resolved'),
      agent: orNull(person),
      available_at: orNull(time),
    }),
  ),
  /** Somebody types: a person to the user, or a user to the person. */
  typing: named(
    'TypingFrame',
    Type.Object({ type: oneOf('typing'), conversation_id: id, by: oneOf('agent', 'user') }),
  ),
  /** The answer to `refresh`: the connection may stay until then. */
  refreshed: named('RefreshedFrame', Type.Object({ type: oneOf('refreshed'), expires_at: time })),
  /** A run failed or was cancelled, or a frame was refused. Only a refused frame has a `status`. */
  error: named(
    'ErrorFrame',
    Type.Object({
      type: oneOf('error'),
      code: text,
      message: text,
      ...optional({
        ...ids,
        content: text,
        status: count,
        errors: Type.Array(anything),
        retry_after_s: count,
      }),
    }),
  ),
};
