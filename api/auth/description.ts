import { sessionHeader } from './cookie.ts';
import { describe, json, nothing } from '../docs/describe.ts';
import { count, named, object, oneOf, text } from '../docs/schema.ts';
import { user } from '../users/description.ts';

const fields = {
  user,
  access_token: { ...text, description: 'A JWT, to be sent as `Authorization: Bearer …`.' },
  refresh_token: { ...text, description: 'Good for one refresh. Not here where it is a cookie.' },
  token_type: oneOf('Bearer'),
  expires_in: { ...count, description: 'Seconds that the access token is good for.' },
};
const signIn = named('SignIn', object(fields, ['refresh_token']));

export const authDescriptions = describe('Sign-in', {
  'POST /api/v1/auth/register': {
    summary: 'Register',
    parameters: [sessionHeader],
    detail: 'The ten thousand most common passwords are refused.',
    example: {
      email: 'ada@example.org',
      username: 'ada',
      password: 'correct horse',
      gdpr_consent: true,
      data_processing_consent: true,
    },
    answers: { 201: json('The account, signed in', signIn) },
    problems: ['already_exists'],
  },
  'POST /api/v1/auth/login': {
    summary: 'Sign in',
    parameters: [sessionHeader],
    detail: '`email` may be a username.',
    example: { email: 'ada@example.org', password: 'correct horse' },
    answers: { 200: json('Signed in', signIn) },
    problems: ['unauthenticated'],
  },
  'POST /api/v1/auth/refresh': {
    summary: 'Trade a refresh token for a new pair',
    parameters: [sessionHeader],
    detail:
      'The token is spent. The client that spent it gets the same pair again for ten seconds, so that two tabs and a lost ' +
      'answer do no harm; a spent token that comes otherwise ends that sign-in for everybody who holds it. A sign-in can be ' +
      'refreshed until it is 90 days old. With `X-Session: cookie` the body is `{}` and the token is taken from the cookie.',
    example: { refresh_token: 'q7Zc0n4yL2pXr8Vw' },
    answers: { 200: json('A new pair', signIn) },
    problems: ['unauthenticated'],
  },
  'POST /api/v1/auth/logout': {
    summary: 'Sign out',
    detail: 'The access token and its refresh token are dead within a second, on sockets too.',
    example: { everywhere: true },
    answers: { 204: nothing('Signed out') },
  },
  'POST /api/v1/auth/password/forgot': {
    summary: 'Ask for a token that sets a new password',
    detail:
      'It is sent to the address, if an active account has it; the answer does not tell. Good once, for an hour, and ' +
      'until another is asked for.',
    example: { email: 'ada@example.org' },
    answers: { 202: json('Taken', object({})) },
  },
  'POST /api/v1/auth/password/reset': {
    summary: 'Set a new password by a token',
    detail: 'Ends all sign-ins of that account.',
    example: { token: 'q7Zc0n4yL2pXr8Vw', password: 'battery staple' },
    answers: { 204: nothing('Set') },
  },
});
