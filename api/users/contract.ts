import { Type } from 'typebox';
import { newPassword, presentPassword, profile, user } from '../contract/account.ts';
import { contract, json, nothing } from '../contract/contract.ts';
import { id, paging, text, time } from '../contract/fields.ts';
import { closed, described, named, optional, orNull, page, presenter } from '../contract/schema.ts';

const session = named(
  'Session',
  Type.Object({
    id: described(id, 'The `sid` of its access tokens.'),
    user_agent: orNull(text),
    ip: described(orNull(text), 'The address it began from.'),
    created_at: time,
    last_used_at: described(time, 'When it began or was last refreshed.'),
    expires_at: described(time, 'When it ends unless it is refreshed. No refresh after 90 days.'),
    current: Type.Boolean({ description: 'Whether this request uses it.' }),
  }),
  {
    id: 31,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    ip: '192.0.2.7',
    created_at: '2026-11-20T09:30:00.000Z',
    last_used_at: '2026-11-21T08:00:00.000Z',
    expires_at: '2026-12-21T08:00:00.000Z',
    current: true,
  },
);
export const presentSession = presenter(session);

export const userContract = contract('Accounts', {
  'GET /api/v1/users/me': {
    who: 'signed in',
    summary: 'Your account',
    answers: { 200: json('Your account', user) },
  },
  'PATCH /api/v1/users/me': {
    who: 'signed in',
    summary: 'Change your account',
    detail:
      'A guest has no username to change (`forbidden`). Withdrawing `data_processing_consent` cancels your waiting and running answers, and sends no further text to the model.',
    body: closed(
      optional({
        ...profile,
        avatar_url: orNull(Type.String({ maxLength: 2048, format: 'https-url' })),
      }),
    ),
    example: { language: 'de', data_processing_consent: true },
    answers: { 200: json('Your account, changed', user) },
    problems: ['already_exists'],
  },
  'POST /api/v1/users/me/password': {
    who: 'signed in',
    summary: 'Change your password',
    detail:
      'Ends all your other sign-ins. The ten thousand most common passwords are refused. `forbidden` where the account has none.',
    body: closed({ current_password: presentPassword, new_password: newPassword }),
    example: { current_password: 'correct horse', new_password: 'battery staple' },
    answers: { 204: nothing('Changed') },
  },
  'POST /api/v1/users/me/email': {
    who: 'signed in',
    summary: 'Change your e-mail address',
    detail:
      'Mails a link to the new address, and the news to the present one. The address changes when the link is used ' +
      '(`POST /auth/verify-email`). `forbidden` where the account has no password.',
    body: closed({
      email: Type.String({ maxLength: 254, format: 'padded-email' }),
      password: presentPassword,
    }),
    example: { email: 'ada@example.com', password: 'correct horse' },
    answers: { 202: json('Taken', Type.Object({})) },
    problems: ['not_configured'],
  },
  'GET /api/v1/users/me/sessions': {
    who: 'signed in',
    summary: 'Where you are signed in',
    detail: 'The newest first.',
    query: closed(paging),
    answers: { 200: json('A page', page(session)) },
  },
  'DELETE /api/v1/users/me/sessions/:id': {
    who: 'signed in',
    summary: 'End a sign-in of yours',
    detail: 'Its tokens stop working at once, and its sockets are closed within a second.',
    answers: { 204: nothing('Ended') },
  },
});
