import { Type } from '../contract/type.ts';
import { contract, json, nothing } from '../contract/contract.ts';
import { text } from '../contract/fields.ts';
import { closed, orNull } from '../contract/schema.ts';

const endpoint = Type.String({ minLength: 1, maxLength: 2_048 });
const key = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9_-]+=*$' });

export const pushContract = contract('Notifications', {
  'GET /api/v1/push/key': {
    who: 'signed in',
    summary: 'The key for web push',
    detail: 'The `applicationServerKey` of `PushManager.subscribe`.',
    answers: { 200: json('The key', Type.Object({ key: text })) },
    problems: ['not_configured'],
  },
  'POST /api/v1/push/subscriptions': {
    who: 'signed in',
    summary: 'Have notifications pushed to this device',
    detail:
      'The body is what `PushSubscription.toJSON()` returns. A push is JSON: `{id, kind, title, body, url, conversation_id}`; the words of a conversation ' +
      'are in it only with `PUSH_CONTENT=on`. Pushes end with this sign-in. Twenty devices of a user; a further one replaces the oldest.',
    body: Type.Object(
      {
        endpoint,
        keys: closed({ p256dh: key(100), auth: key(32) }),
        expirationTime: Type.Optional(orNull(Type.Number())),
      },
      { additionalProperties: false },
    ),
    example: {
      endpoint: 'https://push.example.net/send/f4Kx',
      keys: {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
    },
    answers: { 201: json('Taken', Type.Object({ endpoint })) },
    problems: ['not_configured'],
  },
  'DELETE /api/v1/push/subscriptions': {
    who: 'signed in',
    summary: 'Stop pushes to this device',
    body: closed({ endpoint }),
    example: { endpoint: 'https://push.example.net/send/f4Kx' },
    answers: { 204: nothing('Nothing more is pushed to it') },
  },
});
