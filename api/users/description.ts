import { describe, json, nothing } from '../docs/describe.ts';
import { flag, id, named, object, oneOf, orNull, page, text, time } from '../docs/schema.ts';

export const user = named(
  'User',
  object({
    id,
    email: text,
    username: text,
    first_name: orNull(text),
    last_name: orNull(text),
    role: oneOf('user', 'agent', 'admin'),
    status: oneOf('active', 'suspended', 'deleted'),
    avatar_url: orNull(text),
    language: text,
    timezone: text,
    gdpr_consent: flag,
    data_processing_consent: { ...flag, description: 'Without it no message is taken.' },
    marketing_consent: flag,
    created_at: time,
    last_login: orNull(time),
  }),
  {
    id: 7,
    email: 'ada@example.org',
    username: 'ada',
    first_name: 'Ada',
    last_name: null,
    role: 'user',
    status: 'active',
    avatar_url: null,
    language: 'en',
    timezone: 'Europe/London',
    gdpr_consent: true,
    data_processing_consent: true,
    marketing_consent: false,
    created_at: '2026-11-20T09:30:00.000Z',
    last_login: '2026-11-21T08:00:00.000Z',
  },
);

const session = named(
  'Session',
  object({
    id: { ...id, description: 'The `sid` of its access tokens.' },
    user_agent: orNull(text),
    ip: { ...orNull(text), description: 'From where it was begun.' },
    created_at: time,
    last_used_at: { ...time, description: 'When it was begun or last refreshed.' },
    expires_at: {
      ...time,
      description: 'Unless it is refreshed before, which is possible until it is 90 days old.',
    },
    current: { ...flag, description: 'Whether it is the one that asks.' },
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

export const userDescriptions = describe('Accounts', {
  'GET /api/v1/users/me': {
    summary: 'Your account',
    answers: { 200: json('Your account', user) },
  },
  'PATCH /api/v1/users/me': {
    summary: 'Change your account',
    detail:
      'Withdrawing `data_processing_consent` cancels your waiting and running answers, and sends no further text to the model.',
    example: { language: 'de', data_processing_consent: true },
    answers: { 200: json('Your account, changed', user) },
    problems: ['already_exists'],
  },
  'POST /api/v1/users/me/password': {
    summary: 'Change your password',
    detail: 'Ends all your other sign-ins. The ten thousand most common passwords are refused.',
    example: { current_password: 'correct horse', new_password: 'battery staple' },
    answers: { 204: nothing('Changed') },
  },
  'GET /api/v1/users/me/sessions': {
    summary: 'Where you are signed in',
    detail: 'The newest first.',
    answers: { 200: json('A page', page(session)) },
  },
  'DELETE /api/v1/users/me/sessions/:id': {
    summary: 'End a sign-in of yours',
    detail: 'Its tokens are dead at once, its sockets are closed within a second.',
    answers: { 204: nothing('Ended') },
  },
});
