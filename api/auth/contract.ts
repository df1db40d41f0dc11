import { type Static, Type } from 'typebox';
import { credentials, newPassword, profile, secondFactorCode, user } from '../contract/account.ts';
import { clientEvents, contract, json, nothing } from '../contract/contract.ts';
import { sessionHeader } from '../middleware/headers.ts';
import { flag, prose, time } from '../contract/fields.ts';
import { closed, named, oneOf, optional } from '../contract/schema.ts';

const signIn = named(
  'SignIn',
  Type.Object({
    user,
    access_token: Type.String({ description: 'A JWT. Send it as `Authorization: Bearer …`.' }),
    refresh_token: Type.Optional(
      Type.String({
        description:
          'Good for one refresh. Absent when a cookie holds it; a frame’s cookie does once it was sent back.',
      }),
    ),
    token_type: oneOf('Bearer'),
    expires_in: Type.Integer({
      minimum: 0,
      description: 'Seconds until the access token expires.',
    }),
  }),
);
export type SignInAnswer = Static<typeof signIn>;

const token = Type.String({ minLength: 1, maxLength: 256 });

export const authContract = contract('Sign-in', {
  'POST /api/v1/auth/register': {
    who: 'anyone',
    summary: 'Register',
    parameters: [sessionHeader],
    detail:
      'The ten thousand most common passwords are refused. With the access token of a guest, that guest becomes the account: its ' +
      'id, conversations and running answers stay. A guest registers once (`conflict`). Its older tokens hold until they ' +
      'expire, and cannot be refreshed. A token that does not hold is refused.',
    body: closed({
      ...optional(profile),
      email: Type.String({ maxLength: 254, format: 'padded-email' }),
      username: profile.username,
      password: newPassword,
      gdpr_consent: Type.Literal(true),
    }),
    example: {
      email: 'ada@example.org',
      username: 'ada',
      password: 'correct horse',
      gdpr_consent: true,
      data_processing_consent: true,
    },
    answers: { 201: json('The account, signed in', signIn) },
    problems: ['already_exists', 'conflict', 'unauthenticated', 'token_expired'],
  },
  'POST /api/v1/auth/guest': {
    who: 'anyone',
    summary: 'Chat without an account',
    parameters: [sessionHeader],
    detail:
      'Makes an account of the role `guest`, without e-mail address, username and password. Register with its access token to keep it. ' +
      'A guest that is not seen for `RETENTION_GUESTS_DAYS` (30) is erased.',
    body: closed({
      gdpr_consent: Type.Literal(true),
      ...optional({
        language: profile.language,
        timezone: profile.timezone,
        data_processing_consent: profile.data_processing_consent,
      }),
    }),
    example: { language: 'en', gdpr_consent: true, data_processing_consent: true },
    answers: { 201: json('The guest, signed in', signIn) },
    problems: ['forbidden', 'quota_exceeded'],
  },
  'POST /api/v1/auth/widget': {
    who: 'anyone',
    summary: 'Sign in as a user of a site that vouches for them',
    parameters: [sessionHeader],
    detail:
      '`hash` is the HMAC-SHA256 of `external_id` in UTF-8, under a secret of `WIDGET_SECRET`, in hex: the site’s server makes it. Each ' +
      '`external_id` has one account, made the first time. `email` and `name` are what the page says: they find no account. ' +
      'Consents are taken when the account is made; later, `PATCH /users/me` changes them.',
    body: closed({
      external_id: Type.String({ minLength: 1, maxLength: 255 }),
      hash: Type.String({ minLength: 1, maxLength: 256 }),
      ...optional({
        email: Type.String({ maxLength: 254, format: 'padded-email' }),
        name: prose(100),
        language: profile.language,
        gdpr_consent: flag,
        data_processing_consent: flag,
      }),
    }),
    example: {
      external_id: 'customer-7',
      email: 'ada@example.org',
      name: 'Ada',
      hash: '2f1f5c1b6d0c4c0f0d2d1a6c6d7a9f4b8f1f7d5a3e6b9c8d7e6f5a4b3c2d1e0f',
    },
    answers: { 200: json('Signed in', signIn) },
    problems: ['unauthenticated', 'not_configured'],
  },
  'POST /api/v1/auth/login': {
    who: 'anyone',
    summary: 'Sign in',
    parameters: [sessionHeader],
    detail:
      '`email` may be a username. Where a second factor is on, `second_factor_required` has the `second_factor_token` for ' +
      '`POST /auth/second-factor`.',
    body: credentials,
    example: { email: 'ada@example.org', password: 'correct horse' },
    answers: { 200: json('Signed in', signIn) },
    problems: ['unauthenticated', 'second_factor_required'],
  },
  'POST /api/v1/auth/second-factor': {
    who: 'anyone',
    summary: 'Finish a sign-in with a code',
    parameters: [sessionHeader],
    detail:
      '`token` is the `second_factor_token` of a sign-in that answered `second_factor_required`; it is good for five minutes and for ' +
      'nothing else. `code` is what the authenticator shows, or a recovery code. Each is good once.',
    body: closed({
      token: Type.String({ minLength: 1, maxLength: 4096 }),
      code: secondFactorCode,
    }),
    example: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl', code: '123456' },
    answers: { 200: json('Signed in', signIn) },
    problems: ['unauthenticated'],
  },
  'POST /api/v1/auth/refresh': {
    who: 'anyone',
    summary: 'Trade a refresh token for a new pair',
    parameters: [sessionHeader],
    detail:
      'The token is then spent. For ten seconds the client that spent it gets the same pair again, so that two tabs or a ' +
      'lost answer do no harm. Any other use of a spent token ends that sign-in everywhere. A sign-in can be refreshed ' +
      'until it is 90 days old. With `X-Session: cookie` or `frame` the body is `{}` and the cookie holds the token.',
    body: closed({ refresh_token: Type.Optional(token) }),
    example: { refresh_token: 'q7Zc0n4yL2pXr8Vw' },
    answers: {
      200: json('A new pair', signIn),
      204: nothing('A frame that asks by its cookie has none: nobody is signed in there'),
    },
    problems: ['unauthenticated'],
  },
  'POST /api/v1/auth/logout': {
    who: 'signed in',
    summary: 'Sign out',
    parameters: [sessionHeader],
    detail: 'The access token and its refresh token stop working within a second, on sockets too.',
    body: closed({ everywhere: Type.Optional(flag) }),
    example: { everywhere: true },
    answers: { 204: nothing('Signed out') },
  },
  'POST /api/v1/auth/password/forgot': {
    who: 'anyone',
    summary: 'Ask for a token that sets a new password',
    detail:
      'The token is mailed to the address if an active account has it. The answer is the same either way. A token is good once, ' +
      'for an hour, and until another one is used. `not_configured` where no mail can be sent.',
    // Takes any text: the answer does not say whether it is an e-mail address.
    body: closed({ email: Type.String({ minLength: 1, maxLength: 254 }) }),
    example: { email: 'ada@example.org' },
    answers: { 202: json('Taken', Type.Object({})) },
    problems: ['not_configured'],
  },
  'POST /api/v1/auth/password/reset': {
    who: 'anyone',
    summary: 'Set a new password with a token',
    detail:
      'Ends all sign-ins of the account. The token is in a mail, good once and for an hour (`gone` afterwards).',
    body: closed({ token, password: newPassword }),
    example: { token: 'q7Zc0n4yL2pXr8Vw', password: 'battery staple' },
    answers: { 204: nothing('Set') },
    problems: ['gone'],
  },
  'POST /api/v1/auth/verify-email': {
    who: 'anyone',
    summary: 'Confirm an e-mail address with a token',
    detail:
      'The token is in the mail to that address, good once and for an hour (`gone` afterwards). Where the mail was sent to change the ' +
      'address, the account has the new one from now on; `already_exists` when another account has it.',
    body: closed({ token }),
    example: { token: 'q7Zc0n4yL2pXr8Vw' },
    answers: { 204: nothing('Confirmed') },
    problems: ['gone', 'already_exists'],
  },
  'POST /api/v1/auth/verify-email/send': {
    who: 'signed in',
    summary: 'Have the mail sent again that confirms your address',
    detail:
      'Sends nothing when the address is confirmed. `forbidden` where the account has none, as a guest’s.',
    answers: { 202: json('Taken', Type.Object({})) },
    problems: ['not_configured'],
  },
});

/** The frame that renews a socket's access token. A plain WebSocket adds the `type`. */
export const refreshFrame = closed({
  type: Type.Optional(Type.Literal('refresh')),
  token: Type.String({ minLength: 1, maxLength: 4096 }),
});

export const authEvents = clientEvents({
  refresh: {
    summary:
      'Send a newer access token of the same sign-in. Without one the socket is closed when its token expires',
    frame: refreshFrame,
    answer: Type.Object({ expires_at: time }),
    example: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl' },
  },
});
