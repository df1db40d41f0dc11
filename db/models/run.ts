import { row, rows } from '../sql.ts';
import type { RunRow, Source, Usage } from './runView.ts';
import type { Turn } from './turn.ts';
import { type Tables, use, WITH_CONVERSATION, WITH_MESSAGES } from '../personalData.ts';

/** Rows and statements of a run's life. The rules that need the conversation's lock are in db/functions, most in runs.sql. */
/** A run that is to be delivered, in its generation-th delivery; rank is its place in its user's own line. */
export type Delivery = { run_id: number; generation: number; rank: number };
/** The run that became the head of its conversation, if one did; to be delivered. */
type Next = { next: Delivery | null };

/** Where a conversation began: on our pages, in the widget, over the API, or over a plain WebSocket. */
export const CHANNELS = ['web', 'widget', 'api', 'ws'] as const;
export type Channel = (typeof CHANNELS)[number];

/** What happens to a message while a run of its conversation is on. */
export type Strategy = 'enqueue' | 'reject' | 'interrupt' | 'coalesce';

export type Message = {
  user_id: number;
  conversation_id: number | null;
  /** For a conversation that begins with the message; null: the default. */
  assistant_id?: number | null;
  /** How a conversation that begins with the message came in. */
  channel?: Channel;
  content: string;
  language: string | null;
  metadata: Record<string, unknown>;
  multitask_strategy: Strategy;
  idempotency_key: string | null;
  request_hash: string;
  request_id: string | null;
  /** The session that sends, which is checked in the same statement; null, or absent: it was checked. */
  session_id?: number | null;
};
export type Refusal =
  | 'unauthenticated'
  | 'idempotency_key_reused'
  | 'not_found'
  | 'consent_required'
  | 'run_in_progress'
  | 'with_agent'
  | 'assistant_archived'
  | 'too_many_waiting_runs';
export type Accepted = {
  outcome: 'accepted' | 'replayed';
  /** null, as the reply: the message stands before a person. */
  run_id: number | null;
  conversation_id: number;
  message_id: number;
  reply_id: number | null;
  /** Set when the run is at the head of its conversation. */
  next: Delivery | null;
  /** Runs that an interrupt ended; to be announced. */
  ended: number[];
  /** Whether devices and agents are to be told of the conversation. */
  news?: boolean;
  /** Whether the message joined a run that waits. */
  joined?: boolean;
  /** When the message was stored, if the caller tells the user's devices of it; null or absent: news tell it, or it was told. */
  told_of_at?: Date | null;
};

/**
 * Stores a message with its run, or finds the one its key names, or refuses and stores nothing. The caller delivers the run and
 * tells the user's devices of its message (`told_of_at`); what it does not do is owed.
 */
export async function acceptMessage(
  message: Message,
  maxWaiting: number,
): Promise<Accepted | { outcome: Refusal }> {
  const accepted = await row<Accepted | { outcome: Refusal }>(
    `SELECT * FROM accept_message(:user_id, :conversation_id, :content, :language, :metadata, :multitask_strategy,
       :idempotency_key, :request_hash, :request_id, :maxWaiting, :assistant_id, :channel, :session_id, true)`,
    { assistant_id: null, channel: 'api', session_id: null, ...message, maxWaiting },
  );
  if (accepted === undefined) throw new Error('accept_message returned nothing');
  return accepted;
}

type Whose = Pick<Turn, 'request_id' | 'user_id'>;
export type Claim =
  | ({ outcome: 'claimed' } & Turn)
  | ({ outcome: 'busy'; retry_in_ms: number } & Whose)
  | ({ outcome: 'ended' } & Next & Whose)
  | ({ outcome: 'unprepared' } & Next & Whose)
  | { outcome: 'gone' };

/**
 * Takes a run for one attempt, or says why not; see claim_run.
 * @param holdMs how long no model may be called: runs that need one are `busy` until then
 * @param generation the caller's delivery of the run; null: unknown
 */
export async function claimRun(
  runId: number,
  {
    leaseMs,
    crashLimit,
    holdMs = 0,
    generation = null,
  }: { leaseMs: number; crashLimit: number; holdMs?: number; generation?: number | null },
): Promise<Claim> {
  const claim = await row<Claim>(
    `SELECT *, ceil(extract(epoch FROM retry_at - clock_timestamp()) * 1000)::float8 AS retry_in_ms
     FROM claim_run(:runId, :leaseMs, :crashLimit, :holdMs, :generation)`,
    { runId, leaseMs, crashLimit, holdMs, generation },
  );
  return claim ?? { outcome: 'gone' };
}

/**
 * Begins a new attempt of a run that the caller holds, after its log was lost.
 * @returns the new attempt, or undefined when the run is no longer the caller's
 */
export async function reclaimRun(
  runId: number,
  attempt: number,
  leaseMs: number,
): Promise<number | undefined> {
  const claimed = await row<{ attempt: number }>(
    `UPDATE runs SET attempt = attempt + 1, lease_until = clock_timestamp() + :leaseMs * interval '1 ms'
     WHERE id = :runId AND attempt = :attempt AND status = 'in_progress' RETURNING attempt`,
    { runId, attempt, leaseMs },
  );
  return claimed?.attempt;
}

/**
 * Renews the leases of all runs that a process holds, in one statement that locks them in order.
 * @returns the runs that are still the caller's; cancelled ones should end now
 */
export function renewLeases(
  held: { run_id: number; attempt: number }[],
  leaseMs: number,
): Promise<{ run_id: number; attempt: number; cancelled: boolean }[]> {
  return rows(
    `WITH held AS (
       SELECT id, attempt AS held_attempt
       FROM runs JOIN unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[])) AS held (run_id, held_attempt)
         ON id = run_id AND attempt = held_attempt AND status = 'in_progress'
       ORDER BY id FOR NO KEY UPDATE OF runs)
     UPDATE runs SET lease_until = clock_timestamp() + :leaseMs * interval '1 ms' FROM held
     WHERE runs.id = held.id AND attempt = held_attempt AND status = 'in_progress'
     RETURNING runs.id AS run_id, attempt, cancel_requested_at IS NOT NULL AS cancelled`,
    { ids: held.map((run) => run.run_id), attempts: held.map((run) => run.attempt), leaseMs },
  );
}

export type Outcome = {
  status: 'completed' | 'incomplete' | 'failed' | 'cancelled';
  content: string;
  finish_reason?: string | null;
  model?: string;
  /** What the model was asked with, besides the prompt. */
  parameters?: Record<string, unknown> | null;
  usage?: Usage | null;
  error?: { code: string; message: string };
  sources?: Source[];
  title?: string;
  first_token_ms?: number;
  /** Keeps question and reply out of later prompts. */
  filtered?: boolean;
  /** The model asks for a person. */
  handoff?: { reason: string | null };
};

/** A run as it ended: what its terminal event is made of. */
type Ended = Omit<RunRow, 'message_id' | 'model' | 'offered' | 'created_at' | 'started_at'> & {
  completed_at: Date;
};

/** ended: runs that waited behind a run that handed its conversation over; to be announced. news: see Accepted. */
type Handed = { ended: number[]; news: boolean };

/** Ends a run that the caller holds; undefined when it no longer does, in which case nothing has changed. */
export function finishRun(
  runId: number,
  attempt: number,
  lastSeq: number,
  outcome: Outcome,
): Promise<(Ended & Next & Handed) | undefined> {
  return row('SELECT * FROM finish_run(:runId, :attempt, :lastSeq, :outcome)', {
    runId,
    attempt,
    lastSeq,
    outcome,
  });
}

/** Returns how long a run has been waiting for a provider that asked to come back later, in ms; 0 when it has not. */
export async function waitedMs(runId: number): Promise<number> {
  const run = await row<{ ms: number | null }>(
    `SELECT (extract(epoch FROM clock_timestamp() - waiting_since) * 1000)::float8 AS ms FROM runs WHERE id = :runId`,
    { runId },
  );
  return Math.max(0, run?.ms ?? 0);
}

/** What a release keeps. retried: a try is burnt; waits: the provider asked to come back later. */
export type Kept = { content: string; lastSeq: number; delayMs: number; retried: boolean; waits: boolean };

/**
 * Gives a run back to be answered later, with the text that was shown; a cancelled one is due at once, so that
 * the next claim can end it.
 * @returns in how many ms it is due, or undefined when the run was no longer the caller's
 */
export async function releaseRun(runId: number, attempt: number, kept: Kept): Promise<number | undefined> {
  const released = await row<{ due_in_ms: number }>(
    `WITH released AS (
       UPDATE runs SET status = 'queued', lease_until = NULL, last_seq = :lastSeq, queued_at = clock_timestamp(),
         retries = retries + CASE WHEN :retried THEN 1 ELSE 0 END,
         waiting_since = CASE WHEN :waits THEN coalesce(waiting_since, clock_timestamp())
           WHEN NOT :retried THEN waiting_since END,
         not_before = clock_timestamp()
           + CASE WHEN cancel_requested_at IS NULL THEN CAST(:delayMs AS float8) ELSE 0 END * interval '1 ms'
       WHERE id = :runId AND attempt = :attempt AND status = 'in_progress' RETURNING reply_id, not_before
     ), kept AS (
       UPDATE messages SET content = :content, status = 'pending' WHERE id = (SELECT reply_id FROM released)
     )
     SELECT ceil(extract(epoch FROM not_before - clock_timestamp()) * 1000)::float8 AS due_in_ms FROM released`,
    { runId, attempt, ...kept },
  );
  return released?.due_in_ms;
}

/** Cancels a user's run; undefined when there is no such run of theirs. See cancel_run. */
export function cancelRun(runId: number, userId: number): Promise<({ ended: boolean } & Next) | undefined> {
  return row('SELECT * FROM cancel_run(:runId, :userId)', { runId, userId });
}

/** Stores the trace that a run belongs to, as a W3C `traceparent` header. */
export async function saveTraceparent(runId: number, traceparent: string): Promise<void> {
  await rows('UPDATE runs SET traceparent = :traceparent WHERE id = :runId', { runId, traceparent });
}

/** Returns the trace that a run belongs to; null when none was stored. */
export async function traceparentOf(runId: number): Promise<string | null> {
  const found = await row<{ traceparent: string | null }>('SELECT traceparent FROM runs WHERE id = :runId', {
    runId,
  });
  return found?.traceparent ?? null;
}

export const tables: Tables = {
  runs: {
    purpose: 'the work of answering a message',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: {
      link: 'id user_id conversation_id message_id reply_id assistant_id assistant_version',
      content: 'moderation context sources error_message joined_ids',
      behaviour: 'language created_at started_at completed_at',
      technical:
        'status idempotency_key request_hash request_id attempt lease_until last_seq crashes retries cancel_requested_at generation not_before queued_at announced_at model parameters prompt_tokens completion_tokens total_tokens first_token_ms finish_reason error_code rank traceparent timeouts waiting_since price_in price_out reserved reserved_on',
    },
  },
};
