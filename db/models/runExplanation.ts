import { row } from '../sql.ts';
import type { RunStatus, Usage } from './runView.ts';
import type { AssistantRef } from './assistant.ts';
import { assistantRef } from './runView.ts';
import type { ContextRecord, Verdict } from './turn.ts';

/** Everything that the stages stored on a run, for operators; without the texts. */
export type RunExplanation = {
  id: number;
  user_id: number;
  conversation_id: number;
  message_id: number;
  reply_id: number;
  request_id: string | null;
  status: RunStatus;
  language: string;
  attempt: number;
  retries: number;
  crashes: number;
  generation: number;
  last_seq: number;
  model: string | null;
  assistant: AssistantRef | null;
  parameters: Record<string, unknown> | null;
  moderation: Verdict | null;
  context: ContextRecord | null;
  usage: Usage | null;
  finish_reason: string | null;
  error: { code: string; message: string } | null;
  first_token_ms: number | null;
  created_at: Date;
  queued_at: Date | null;
  not_before: Date | null;
  started_at: Date | null;
  lease_until: Date | null;
  cancel_requested_at: Date | null;
  completed_at: Date | null;
  announced_at: Date | null;
};

/** Returns any user's run; undefined when there is none. */
export function explainRun(runId: number): Promise<RunExplanation | undefined> {
  return row(
    `SELECT id, user_id, conversation_id, message_id, reply_id, request_id, status, language, attempt, retries, crashes,
       generation, last_seq, model, ${assistantRef('runs')} AS assistant, parameters, moderation, context, finish_reason, first_token_ms,
       CASE WHEN total_tokens IS NOT NULL THEN jsonb_build_object('prompt_tokens', prompt_tokens,
         'completion_tokens', completion_tokens, 'total_tokens', total_tokens) END AS usage,
       CASE WHEN error_code IS NOT NULL THEN jsonb_build_object('code', error_code, 'message', error_message) END AS error,
       created_at, queued_at, not_before, started_at, lease_until, cancel_requested_at, completed_at, announced_at
     FROM runs WHERE id = :runId`,
    { runId },
  );
}
