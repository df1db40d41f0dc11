import type { RunExplanation } from '../../db/models/runExplanation.ts';
import type { ContextRecord } from '../../db/models/turn.ts';

/** How a run came to its answer: ids and numbers, none of what was said. */
export function presentExplanation(run: RunExplanation) {
  const { created_at, queued_at, not_before, started_at, completed_at, announced_at } = run;
  const { lease_until, cancel_requested_at, first_token_ms, context, ...rest } = run;
  return {
    ...rest,
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

function presentContext({ message_ids, passages, question_cut_to, ...record }: ContextRecord) {
  return {
    message_ids,
    passages: passages.map(({ faq_id, similarity }) => ({ faq_id, similarity })),
    question_cut: question_cut_to !== null,
    ...record,
  };
}
