import { describe, json } from '../../docs/describe.ts';
import { page } from '../../docs/schema.ts';
import { user } from '../description.ts';

export const userAdminDescriptions = describe('Operators', {
  'GET /api/v1/users': {
    summary: 'Accounts',
    detail:
      'For administrators, the newest first. `q` is how an e-mail address or a username begins. Noted in the audit log.',
    answers: { 200: json('A page', page(user)) },
  },
  'GET /api/v1/users/:id': {
    summary: 'An account',
    detail: 'For administrators. Noted in the audit log.',
    answers: { 200: json('The account', user) },
  },
  'PATCH /api/v1/users/:id': {
    summary: 'Suspend an account, or give it another role',
    detail:
      'For administrators; nobody changes their own (`forbidden`). Takes effect within a second, on open sockets too. Who is ' +
      'suspended is signed out everywhere, and their runs are cancelled. Noted in the audit log.',
    example: { status: 'suspended' },
    answers: { 200: json('The account, changed', user) },
  },
});
