import { Type } from 'typebox';
import type { RunExplanation } from '../../db/models/runExplanation.ts';
import { assistantRef, runError, usage } from '../contract/answering.ts';
import { contract, json } from '../contract/contract.ts';
import { anything, count, flag, id, real, text, time } from '../contract/fields.ts';
import { named, oneOf, orNull, presenter } from '../contract/schema.ts';

const context = Type.Object({
  message_ids: Type.Array(id),
  passages: Type.Array(Type.Object({ faq_id: id, similarity: real })),
  question_cut: flag,
  budget: count,
  tokens: Type.Object({ system: count, passages: count, history: count, question: count }),
  cut: Type.Object({ messages: count, passages: count }),
  shrunk: flag,
  passages_unavailable: flag,
});
const timings = Type.Object({
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
  Type.Object({
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
    assistant: orNull(assistantRef),
    parameters: orNull(anything),
    moderation: orNull(Type.Object({ flagged: flag, categories: Type.Array(text), model: text })),
    context: orNull(context),
    usage: orNull(usage),
    finish_reason: orNull(text),
    error: orNull(runError),
    timings,
  }),
);

const presentRun = presenter(explanation);
const presentContext = presenter(context);
const presentTimings = presenter(timings);

/** Presents how a run came to its answer: ids and numbers, no content. */
export function presentExplanation(run: RunExplanation) {
  const context = run.context && {
    ...run.context,
    passages: run.context.passages.map(({ faq_id, similarity }) => ({ faq_id, similarity })),
    question_cut: run.context.question_cut_to !== null,
  };
  return presentRun({
    ...run,
    context: context && presentContext(context),
    timings: presentTimings(run),
  });
}

export const adminContract = contract('Operators', {
  'GET /api/v1/admin/runs/:id': {
    who: 'admins',
    summary: 'How a run came to its answer',
    detail: 'Ids and numbers, no content. For administrators.',
    answers: { 200: json('What each stage decided', explanation) },
  },
});
