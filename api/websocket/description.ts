import { describe, nothing } from '../docs/describe.ts';
import { text } from '../docs/schema.ts';

export const webSocketDescriptions = describe('Chat', {
  'GET /api/v1/chat/ws/:user_id': {
    summary: 'A plain WebSocket',
    detail:
      'Frames are JSON text. In: `{"type": "message", "content", "conversation_id"?, "language"?, "idempotency_key"?}`, and ' +
      '`{"type": "refresh", "token"}` with a newer access token, answered by `{"type": "refreshed", "expires_at"}`. Out: ' +
      '`{"type": "delta", "delta"}`, `{"type": "response", "content", "timestamp"}` and `{"type": "error", "code", "message"}`, ' +
      'each with `run_id`, `conversation_id`, `message_id`, `attempt` and `seq` where it speaks of a run. A delta that says ' +
      '`"restart": true` begins anew. All connections of a user get all frames of that user’s runs. Closes with 4401 when ' +
      'the sign-in ends or its token runs out, 1008 where more came than a device says, 1012 to be dialled again.',
    parameters: [
      { in: 'query', name: 'token', required: true, description: 'The access token.', schema: text },
    ],
    problems: ['bad_request', 'unauthenticated', 'token_expired', 'forbidden', 'not_found', 'rate_limited'],
    answers: { 101: nothing('The WebSocket') },
  },
});
