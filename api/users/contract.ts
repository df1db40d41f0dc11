import { Type } from '../contract/type.ts';
import {
  newPassword,
  presentPassword,
  profile,
  secondFactorCode,
  session,
  user,
} from '../contract/account.ts';
import { contract, json, nothing } from '../contract/contract.ts';
import { paging, text } from '../contract/fields.ts';
import { closed, described, named, optional, orNull, page } from '../contract/schema.ts';

const enrolment = named(
  'SecondFactor',
  Type.Object({
    secret: described(text, 'Base32, to type into an authenticator.'),
    uri: described(text, '`otpauth://…`, to show as a QR code.'),
    recovery_codes: Type.Array(text, { description: 'Each signs in once in place of a code.' }),
  }),
  {
    secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    uri: 'otpauth://totp/Parley:ada%40example.org?issuer=Parley&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
    recovery_codes: ['ABCD-EFGH-IJKL-MNOP'],
  },
);

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
      'A new `username` needs your present `password`. An account without a password, as a guest’s, has no username (`forbidden`). Withdrawing `data_processing_consent` cancels your waiting and running answers, and sends no further text to the model.',
    body: closed(
      optional({
        ...profile,
        avatar_url: orNull(Type.String({ maxLength: 2048, format: 'https-url' })),
        password: described(presentPassword, 'Your present password, beside a new `username`.'),
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
  'POST /api/v1/users/me/second-factor': {
    who: 'signed in',
    summary: 'Set up a second factor',
    detail:
      'Makes a secret for an authenticator app (TOTP) and ten recovery codes, shown this once. It counts once `/confirm` has had a code ' +
      'of it; until then another call replaces it. `conflict` while one is on, `forbidden` where the account has no password.',
    body: closed({ password: presentPassword }),
    example: { password: 'correct horse' },
    answers: { 201: json('The secret, not yet in use', enrolment) },
    problems: ['conflict'],
  },
  'POST /api/v1/users/me/second-factor/confirm': {
    who: 'signed in',
    summary: 'Turn the second factor on',
    detail: 'With what the authenticator shows. `conflict` where none waits to be confirmed.',
    body: closed({ code: secondFactorCode }),
    example: { code: '123456' },
    answers: { 204: nothing('On: from now on, signing in needs a code') },
    problems: ['conflict'],
  },
  'DELETE /api/v1/users/me/second-factor': {
    who: 'signed in',
    summary: 'Remove the second factor',
    detail: 'Its secret and recovery codes are deleted. `forbidden` where the account has no password.',
    body: closed({ password: presentPassword }),
    example: { password: 'correct horse' },
    answers: { 204: nothing('Removed, or there was none') },
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
