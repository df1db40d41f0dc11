import { contract, nothing, other } from '../../contract/contract.ts';

const page = (what: string) => other(what, 'text/html');

export const boardContract = contract('Operators', {
  'POST /api/v1/admin/board': {
    who: 'admins',
    summary: 'Open Bull Board in a frame',
    detail:
      'For the panel. Sets the cookie of `/admin/queues` for an hour. It ends with the session that asks. The pages of `/admin/queues` ' +
      'may be framed by this origin alone.',
    answers: { 204: nothing('The cookie is set') },
  },
  'GET /admin/queues/sign-in': {
    who: 'anyone',
    summary: 'The sign-in page of Bull Board',
    answers: { 200: page('A form') },
  },
  'POST /admin/queues/sign-in': {
    who: 'anyone',
    summary: 'Sign in to Bull Board',
    detail: 'Takes the form of that page.',
    answers: {
      303: nothing('Signed in: on to the queues'),
      400: page('Not the form of the sign-in page'),
      401: page('Wrong credentials: the form again'),
      403: page('Not an administrator'),
      429: page('Too many attempts'),
    },
  },
  'GET /admin/queues/sign-out': {
    who: 'by its handlers',
    summary: 'The sign-out page of Bull Board',
    answers: { 200: page('A form') },
  },
  'POST /admin/queues/sign-out': {
    who: 'by its handlers',
    summary: 'Sign out of Bull Board',
    answers: { 303: nothing('Signed out') },
  },
  'GET /admin/queues/runs/:id': {
    who: 'by its handlers',
    summary: 'How a run came to its answer, as a page',
    answers: { 200: page('The run') },
  },
  'ALL /admin/queues{/*path}': {
    who: 'by its handlers',
    summary: 'Bull Board',
    detail: 'For administrators, by an access token or by the cookie that its sign-in page sets.',
    answers: { 200: page('The queues') },
  },
});
