import { Type } from 'typebox';
import { refreshFrame } from '../auth/contract.ts';
import { messageFrame } from '../chat/contract.ts';
import { source, usage } from '../contract/answering.ts';
import { contract, nothing } from '../contract/contract.ts';
import { anything, count, id, text, time } from '../contract/fields.ts';
import { named, oneOf, optional, orNull } from '../contract/schema.ts';

export const webSocketContract = contract('Chat', {
  'GET /api/v1/chat/ws/:user_id': {
    who: 'by its handlers',
    summary: 'A plain WebSocket',
    detail:
      'The access token is offered as a subprotocol, `Sec-WebSocket-Protocol: parley, <token>`, or stands in the query, which proxies may log. ' +
      'Frames are JSON text. In: `{"type": "message", "content", "conversation_id"?, "language"?, "idempotency_key"?}`, and ' +
      '`{"type": "refresh", "token"}` with a newer access token, answered by `{"type": "refreshed", "expires_at"}`. Out: ' +
      '`{"type": "delta", "delta"}`, `{"type": "response", "content", "timestamp"}` and `{"type": "error", "code", "message"}`, ' +
      'each with `run_id`, `conversation_id`, `message_id`, `attempt` and `seq` where it speaks of a run. A delta that says ' +
      '`"restart": true` begins anew. All connections of a user get all frames of that user’s runs. Closes with 4401 when ' +
      'the sign-in ends or its token runs out (after an error frame `token_expired`), 1012 to be dialled again, 1008 after a flood.',
    parameters: [
      {
        in: 'query',
        name: 'token',
        required: false,
        description: 'The access token, where it is not a subprotocol.',
        schema: text,
      },
    ],
    problems: ['bad_request', 'unauthenticated', 'token_expired', 'forbidden', 'not_found', 'rate_limited'],
    answers: { 101: nothing('The WebSocket') },
  },
});

/** What comes in, by its `type`. */
export const framesIn = { message: messageFrame, refresh: refreshFrame };

const place = { run_id: id, conversation_id: id, message_id: id, attempt: count, seq: id };

/** What goes out, by its `type`; see frames.ts. */
export const framesOut = {
  delta: named(
    'DeltaFrame',
    Type.Object({
      type: oneOf('delta'),
      delta: text,
      restart: Type.Optional(Type.Boolean({ description: 'true: drop what was shown' })),
      ...place,
    }),
  ),
  response: named(
    'ResponseFrame',
    Type.Object({
      type: oneOf('response'),
      content: text,
      timestamp: time,
      ...place,
      sources: Type.Array(source),
      usage: orNull(usage),
      finish_reason: orNull(text),
    }),
  ),
  /** The answer to `refresh`: the connection may stay that long. */
  refreshed: named('RefreshedFrame', Type.Object({ type: oneOf('refreshed'), expires_at: time })),
  /** Of a run that failed or was cancelled, or of a frame that was refused: that has a status. */
  error: named(
    'ErrorFrame',
    Type.Object({
      type: oneOf('error'),
      code: text,
      message: text,
      ...optional({
        ...place,
        content: text,
        status: count,
        errors: Type.Array(anything),
        retry_after_s: count,
      }),
    }),
  ),
};
