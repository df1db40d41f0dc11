import { row, rows } from '../sql.ts';
import { FAQ_SET, type FaqSet } from './faqSearch.ts';
import { type HistoryMessage, historySql } from './message.ts';
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
  /** The question, with the messages that joined it, in order. */
  question: string;
  /** The texts of the question and of the messages that joined it; null: none joined. */
  parts: string[] | null;
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
export type Verdict = { flagged: boolean; categories: string[]; model: string } & Parts;
/** Of how many messages a stage's result is; absent: of one. */
type Parts = { parts?: number };
/** What the prompt of a run contains, and what was cut: enough to build the same prompt again. */
export type ContextRecord = Parts & {
  message_ids: number[];
  passages: (Source & { answer: string })[];
  /** What was searched for beside the question; null: the question alone. Absent in contexts of an older release. */
  searched?: { queries: string[]; why: string; by: string } | null;
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
  return row(turnSql(), { runId });
}

/** What the context stage chooses from: the messages before the question, newest first, and the present FAQs. */
export type Chosen = { history: HistoryMessage[]; faqs: FaqSet };

/**
 * Loads a run as `loadTurn` does, with what its prompt is chosen from.
 * @param historyLimit how many earlier messages, where the run's assistant does not say it
 */
export function loadAsked(runId: number, historyLimit: number): Promise<(Turn & Chosen) | undefined> {
  const limit = "coalesce(CAST(a.assistant ->> 'history_limit' AS integer), CAST(:historyLimit AS integer))";
  const history = historySql('r.conversation_id', 'r.message_id', limit);
  return row(
    turnSql(`, (SELECT coalesce(json_agg(said), '[]') FROM (${history}) AS said) AS history,
       (SELECT to_json(known) FROM (${FAQ_SET}) AS known) AS faqs`),
    { runId, historyLimit },
  );
}

function turnSql(more = ''): string {
  return `SELECT r.id AS run_id, r.user_id, r.conversation_id, r.message_id, r.reply_id, r.request_id, r.status, r.attempt,
       r.retries, r.language, coalesce(array_to_string(p.parts, CAST(E'\\n\\n' AS text)), q.content) AS question, p.parts, c.title,
       r.created_at, r.queued_at, r.moderation, r.context, a.assistant${more}
     FROM runs r JOIN messages q ON q.id = r.message_id JOIN conversations c ON c.id = r.conversation_id
     CROSS JOIN LATERAL (SELECT parts_of(r.message_id, r.joined_ids) AS parts) p
     CROSS JOIN LATERAL (SELECT assistant_of(r.assistant_id, r.assistant_version) AS assistant) a
     WHERE r.id = :runId AND r.cancel_requested_at IS NULL AND may_be_answered(r.user_id, r.conversation_id)`;
}

/** Says of how many messages a stage's result is: it is stored as long as no other message joined. */
export function partsOf({ parts }: Pick<Turn, 'parts'>): { parts: number } {
  return { parts: parts?.length ?? 1 };
}

/** Stores moderation's verdict; a second verdict changes nothing, nor does one on fewer messages than the run has. */
export async function saveVerdict(turn: Pick<Turn, 'run_id' | 'parts'>, verdict: Verdict): Promise<void> {
  const { parts } = partsOf(turn);
  await rows(
    `UPDATE runs SET moderation = :verdict
     WHERE id = :runId AND moderation IS NULL AND cardinality(joined_ids) + 1 = :parts`,
    { runId: turn.run_id, verdict: withParts(verdict, parts), parts },
  );
}

/**
 * Stores the context and the question's token count; a second context changes nothing, nor does one of fewer messages than
 * the run has. The tokens of joined messages are counted with the next prompt.
 * @param verdict moderation's, of the same messages, to store with the context; null: none
 * @returns whether context and verdict were stored; false: nothing changed
 */
export async function saveContext(
  turn: Pick<Turn, 'run_id' | 'parts'>,
  context: ContextRecord,
  questionTokens: number,
  verdict: Verdict | null = null,
): Promise<boolean> {
  const { parts } = partsOf(turn);
  const saved = await row<{ stored: boolean }>(
    `WITH kept AS (UPDATE runs SET context = :context, moderation = coalesce(moderation, CAST(:verdict AS jsonb))
       WHERE id = :runId AND context IS NULL AND cardinality(joined_ids) + 1 = :parts RETURNING message_id, joined_ids),
     counted AS (UPDATE messages SET tokens_used = :questionTokens
       WHERE id = (SELECT message_id FROM kept WHERE joined_ids = '{}') AND tokens_used IS NULL)
     SELECT EXISTS (SELECT FROM kept) AS stored`,
    {
      runId: turn.run_id,
      context: withParts(context, parts),
      verdict: verdict && withParts(verdict, parts),
      parts,
      questionTokens,
    },
  );
  return saved?.stored === true;
}

/** Notes on a stage's result of how many messages it is; of one it says nothing. */
function withParts<Result extends Parts>(result: Result, parts: number): Result {
  return parts === 1 ? result : { ...result, parts };
}

/** Replaces a context that was too long for the model. */
export async function replaceContext(runId: number, attempt: number, context: ContextRecord): Promise<void> {
  await rows('UPDATE runs SET context = :context WHERE id = :runId AND attempt = :attempt', {
    runId,
    attempt,
    context,
  });
}
