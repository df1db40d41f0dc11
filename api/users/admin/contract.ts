import { Type } from 'typebox';
import { session, user } from '../../contract/account.ts';
import { contract, json, nothing } from '../../contract/contract.ts';
import { givenRole, paging, role, userStatus } from '../../contract/fields.ts';
import { closed, oneOf, optional, page } from '../../contract/schema.ts';

/** Accounts of others, for administrators. The audit log notes who looks at an account or changes it. */
export const userAdminContract = contract('Operators', {
  'GET /api/v1/users': {
    who: 'admins',
    summary: 'Accounts',
    detail:
      'For administrators, the newest first. `q` is the beginning of an e-mail address or username. Noted in the audit log.',
    query: closed({
      ...paging,
      ...optional({ q: Type.String({ minLength: 1, maxLength: 254 }), role, status: userStatus }),
    }),
    answers: { 200: json('A page', page(user)) },
  },
  'GET /api/v1/users/:id': {
    who: 'admins',
    summary: 'An account',
    detail: 'For administrators. Noted in the audit log.',
    answers: { 200: json('The account', user) },
  },
  'PATCH /api/v1/users/:id': {
    who: 'admins',
    summary: 'Suspend an account, or give it another role',
    detail:
      'For administrators; nobody changes their own, and guests and vouched accounts keep their role (`forbidden`). Takes effect within a second, on open sockets too. Who is ' +
      'suspended is signed out everywhere, and their runs are cancelled. Noted in the audit log.',
    body: closed(optional({ role: givenRole, status: oneOf('active', 'suspended') }), { minProperties: 1 }),
    example: { status: 'suspended' },
    answers: { 200: json('The account, changed', user) },
  },
  'GET /api/v1/users/:id/sessions': {
    who: 'admins',
    summary: 'Where somebody is signed in',
    detail: 'For administrators, the newest first. Noted in the audit log.',
    query: closed(paging),
    answers: { 200: json('A page', page(session)) },
  },
  'DELETE /api/v1/users/:id/sessions/:session_id': {
    who: 'admins',
    summary: 'End a sign-in of somebody',
    detail: 'For administrators. Its sockets are closed within a second. Noted in the audit log.',
    answers: { 204: nothing('Ended') },
  },
});
