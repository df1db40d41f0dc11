import type { RunExplanation } from '../../db/models/runExplanation.ts';
import type { ContextRecord } from '../../db/models/turn.ts';

/** How a run came to its answer: ids and numbers, none of what was said. */
export function presentExplanation({
  context,
  created_at,
  queued_at,
  not_before,
  started_at,
  first_token_ms,
  cancel_requested_at,
  lease_until,
  completed_at,
  announced_at,
  ...run
}: RunExplanation) {
  return {
    ...run,
    context: context && presentContext(context),
    timings: {
      created_at,
      queued_at,
      not_before,
      started_at,
      first_token_ms,
      cancel_requested_at,
      lease_until,
      completed_at,
      announced_at,
    },
  };
}

function presentContext(context: ContextRecord) {
  const { message_ids, passages, question_cut_to, budget, tokens, cut, shrunk, passages_unavailable } =
    context;
  return {
    message_ids,
    passages: passages.map(({ faq_id, similarity }) => ({ faq_id, similarity })),
    question_cut: question_cut_to !== null,
    budget,
    tokens,
    cut,
    shrunk,
    passages_unavailable,
  };
}
