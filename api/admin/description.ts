import { describe, json, other } from '../docs/describe.ts';
import {
  anything,
  count,
  flag,
  id,
  list,
  named,
  object,
  oneOf,
  orNull,
  real,
  text,
  time,
} from '../docs/schema.ts';
import { runError, usage } from '../contract/answering.ts';

const context = object({
  message_ids: list(id),
  passages: list(object({ faq_id: id, similarity: real })),
  question_cut: flag,
  budget: count,
  tokens: object({ system: count, passages: count, history: count, question: count }),
  cut: object({ messages: count, passages: count }),
  shrunk: flag,
  passages_unavailable: flag,
});
const timings = object({
  created_at: time,
  queued_at: orNull(time),
  not_before: orNull(time),
  started_at: orNull(time),
  first_token_ms: orNull(count),
  cancel_requested_at: orNull(time),
  lease_until: orNull(time),
  completed_at: orNull(time),
  announced_at: orNull(time),
});
const explanation = named(
  'RunExplanation',
  object({
    id,
    user_id: id,
    conversation_id: id,
    message_id: id,
    reply_id: id,
    request_id: orNull(text),
    status: oneOf('waiting', 'queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'),
    language: text,
    attempt: count,
    retries: count,
    crashes: count,
    generation: count,
    last_seq: count,
    model: orNull(text),
    parameters: orNull(anything),
    moderation: orNull(object({ flagged: flag, categories: list(text), model: text })),
    context: orNull(context),
    usage: orNull(usage),
    finish_reason: orNull(text),
    error: orNull(runError),
    timings,
  }),
);
const page = (what: string) => other(what, 'text/html');

export const adminDescriptions = describe('Operators', {
  'GET /api/v1/admin/runs/:id': {
    summary: 'How a run came to its answer',
    detail: 'Ids and numbers, none of what was said. For administrators.',
    answers: { 200: json('What each stage decided', explanation) },
  },
  'GET /admin/queues{/*path}': {
    summary: 'Bull Board',
    detail: 'For administrators, by an access token or by the cookie that its sign-in page sets.',
    answers: { 200: page('The queues') },
  },
  'GET /admin/queues/sign-in': {
    summary: 'The sign-in page of Bull Board',
    answers: { 200: page('A form') },
  },
  'POST /admin/queues/sign-in': {
    summary: 'Sign in to Bull Board',
    detail: 'Takes the form of that page.',
    answers: {
      303: { what: 'Signed in: on to the queues' },
      400: page('Not a form of ours'),
      401: page('Wrong: the form again'),
      403: page('Not an administrator'),
      429: page('Tried too often'),
    },
  },
  'GET /admin/queues/sign-out': {
    summary: 'The sign-out page of Bull Board',
    answers: { 200: page('A form') },
  },
  'POST /admin/queues/sign-out': {
    summary: 'Sign out of Bull Board',
    answers: { 303: { what: 'Signed out' } },
  },
  'GET /admin/queues/runs/:id': {
    summary: 'How a run came to its answer, as a page',
    answers: { 200: page('The run') },
  },
});
