import { row, rows } from '../sql.ts';
import type { RunStatus, Source } from './runView.ts';
import type { AssistantVersion } from './assistant.ts';

/** A run as a stage needs it. A stage does not repeat a result that is already here. */
export type Turn = {
  run_id: number;
  user_id: number;
  conversation_id: number;
  message_id: number;
  reply_id: number;
  request_id: string | null;
  status: RunStatus;
  attempt: number;
  retries: number;
  language: string;
  question: string;
  title: string | null;
  created_at: Date;
  /** When the run became the head of its conversation, or was given back. */
  queued_at: Date | null;
  moderation: Verdict | null;
  context: ContextRecord | null;
  assistant: Answering | null;
};
/** The version of the assistant that answers a run; null: the engine's own rules alone. */
export type Answering = Omit<AssistantVersion, 'greeting' | 'suggested_questions'>;
/** Moderation's decision. `categories` are the names that the provider flagged. */
export type Verdict = { flagged: boolean; categories: string[]; model: string };
/** What the prompt of a run contains, and what was cut: enough to build the same prompt again. */
export type ContextRecord = {
  message_ids: number[];
  passages: (Source & { answer: string })[];
  /** Questions of the nearest FAQs where there is no passage. Absent in contexts of an older release. */
  nearest?: string[];
  /** What the prompt's fences carry. Absent in contexts of an older release. */
  key?: string;
  /** The question as cut to fit; null when it is whole. */
  question_cut_to: string | null;
  budget: number;
  tokens: { system: number; passages: number; history: number; question: number };
  cut: { messages: number; passages: number };
  /** The model refused the prompt as too long, so it was cut down. */
  shrunk: boolean;
  /** True when the question could not be embedded: the passages hold its words, and what is near by meaning is missing. */
  passages_unavailable: boolean;
};

/**
 * Loads a run with its question, for a stage that sends texts to the provider.
 * @returns undefined where there is no such run, or where its texts may not be sent (any more): the claim ends that run
 */
export function loadTurn(runId: number): Promise<Turn | undefined> {
  return row(
    `SELECT r.id AS run_id, r.user_id, r.conversation_id, r.message_id, r.reply_id, r.request_id, r.status, r.attempt,
       r.retries, r.language, q.content AS question, c.title, r.created_at, r.queued_at, r.moderation, r.context,
       assistant_of(r.assistant_id, r.assistant_version) AS assistant
     FROM runs r JOIN messages q ON q.id = r.message_id JOIN conversations c ON c.id = r.conversation_id
     WHERE r.id = :runId AND r.cancel_requested_at IS NULL AND may_be_answered(r.user_id, r.conversation_id)`,
    { runId },
  );
}

/** Stores moderation's verdict; a second verdict changes nothing. */
export async function saveVerdict(runId: number, verdict: Verdict): Promise<void> {
  await rows('UPDATE runs SET moderation = :verdict WHERE id = :runId AND moderation IS NULL', {
    runId,
    verdict,
  });
}

/** Stores the context and the question's token count; a second context changes nothing. */
export async function saveContext(
  runId: number,
  context: ContextRecord,
  questionTokens: number,
): Promise<void> {
  await rows(
    `WITH kept AS (UPDATE runs SET context = :context WHERE id = :runId AND context IS NULL RETURNING message_id)
     UPDATE messages SET tokens_used = :questionTokens WHERE id = (SELECT message_id FROM kept) AND tokens_used IS NULL`,
    { runId, context, questionTokens },
  );
}

/** Replaces a context that was too long for the model. */
export async function replaceContext(runId: number, attempt: number, context: ContextRecord): Promise<void> {
  await rows('UPDATE runs SET context = :context WHERE id = :runId AND attempt = :attempt', {
    runId,
    attempt,
    context,
  });
}
