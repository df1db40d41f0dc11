import { consentRequired } from '../privacy/consentVersion.ts';
import { createHash } from 'node:crypto';
import { acceptMessage, type Accepted, type Refusal, type Strategy } from '../../db/models/run.ts';
import { env } from '../base/env.ts';
import { invalid, type Problem, problem, rowId } from '../base/errors.ts';
import { type MessageRow, newQuestion } from '../../db/models/messageView.ts';
import { packetOf } from '../delivery/news.ts';
import { killPoint } from '../ops/killpoint.ts';
import { traced } from '../ops/tracing.ts';
import { type Sender, withinLimits } from '../limits/sending.ts';
import { settleInBackground } from '../delivery/runs.ts';

/** A stored message as its sender sees it. `replayed`: the idempotency key had been stored before. */
export type Taken = {
  replayed: boolean;
  answer: {
    conversation_id: number;
    message_id: number;
    /** null, as the run: the message stands before a person. */
    reply_id: number | null;
    run_id: number | null;
    status: 'queued' | 'joined' | 'with_agent';
  };
};

/** A new message over HTTP or a socket; see api/chat/contract.ts. */
export type NewMessage = {
  content: string;
  conversation_id?: number | null;
  assistant_id?: number | null;
  language?: string;
  metadata?: Record<string, unknown>;
  multitask_strategy?: Strategy;
};

const METADATA_LIMIT = 8 * 1024;
const KEY_LIMIT = 128;
/** A little longer than most answers take. */
const RETRY_AFTER_S = 5;

/**
 * Accepts a message over HTTP or a socket. When this resolves, the message is committed and will be answered. Starts the
 * delivery without waiting for it.
 * @param sender with a language, where there is a key and the message names none
 * @param body a message that passed the schema of its transport
 * @param key the idempotency key, or null
 * @throws Problem `unauthenticated`, `validation_failed`, `not_found`, `consent_required`, `run_in_progress`,
 * `idempotency_key_reused`, `rate_limited`, `too_many_waiting_runs`
 */
export async function intake(
  sender: Sender,
  body: NewMessage,
  key: string | null,
  requestId: string,
): Promise<Taken> {
  const { user } = sender;
  const { content, metadata = {}, multitask_strategy = 'enqueue' } = body;
  const conversation_id = body.conversation_id == null ? null : rowId(body.conversation_id);
  const assistant_id = body.assistant_id == null ? null : rowId(body.assistant_id);
  if (assistant_id !== null && conversation_id !== null) throw invalid('/assistant_id', NOT_A_BEGINNING);
  checkMetadata(metadata);
  checkKey(key);

  const sameness = {
    content,
    conversation_id,
    language: body.language ?? user.language ?? null,
    metadata,
    multitask_strategy,
    // Left out when null, so that the hash equals the previous release's.
    ...(assistant_id !== null && { assistant_id }),
  };
  const message = {
    user_id: user.id,
    conversation_id,
    assistant_id,
    channel: sender.channel ?? 'api',
    content,
    language: body.language ?? null,
    metadata,
    multitask_strategy,
    idempotency_key: key,
    request_hash: requestHash(sameness),
    request_id: requestId,
    session_id: sender.sid ?? null,
  };
  const accepted = await withinLimits(
    sender,
    { key, hash: message.request_hash, conversation_id },
    async () => {
      const stored = await traced('accept', {}, () => acceptMessage(message, env.MAX_WAITING_RUNS_PER_USER));
      // Thrown here, so that a client that was signed out takes nothing from the user's limits.
      if (stored.outcome === 'unauthenticated') throw problem('unauthenticated');
      return stored;
    },
  );
  return follow(accepted, message);
}

type Sent = Pick<MessageRow, 'user_id' | 'content' | 'metadata'>;

/**
 * Starts the delivery of a stored message. Returns the answer to its sender.
 * @param message what was sent; absent: a question is answered again
 * @throws Problem the refusal of a message
 */
export function follow(accepted: Accepted | { outcome: Refusal }, message?: Sent): Taken {
  if (accepted.outcome !== 'accepted' && accepted.outcome !== 'replayed') throw refusal(accepted.outcome);

  const { conversation_id, run_id, message_id, reply_id, next, ended, joined = false, told_of_at } = accepted;
  killPoint('web.committed', run_id ?? 0);
  const news = accepted.news === true ? conversation_id : null;
  // A run that others join keeps the trace of its first message.
  const began = accepted.outcome === 'accepted' && !joined;
  const told = message && told_of_at ? [packetOf(question(message, accepted, told_of_at))] : [];
  settleInBackground({ ended, next, news, told }, began ? (run_id ?? undefined) : undefined);
  const status = run_id === null ? 'with_agent' : joined ? 'joined' : 'queued';
  return {
    replayed: accepted.outcome === 'replayed',
    answer: { conversation_id, message_id, reply_id, run_id, status },
  };
}

function question(
  { user_id, content, metadata }: Sent,
  { message_id: id, conversation_id, run_id }: Accepted,
  created_at: Date,
): MessageRow {
  return newQuestion({ id, conversation_id, run_id, user_id, content, metadata, created_at });
}

/** Returns a hash that tells two requests of one key apart. */
export function requestHash(sameness: unknown): string {
  return createHash('sha256').update(canonicalJson(sameness)).digest('hex');
}

function checkMetadata(metadata: Record<string, unknown>): void {
  if (Buffer.byteLength(JSON.stringify(metadata)) <= METADATA_LIMIT) return;
  throw invalid('/metadata', `must be at most ${METADATA_LIMIT} bytes of JSON`);
}

/** Checks the length of an idempotency key. @throws Problem `validation_failed` */
export function checkKey(key: string | null): void {
  if (key === null || (key !== '' && [...key].length <= KEY_LIMIT)) return;
  throw invalid('Idempotency-Key', `must be 1 to ${KEY_LIMIT} characters long`);
}

function refusal(outcome: Refusal): Problem {
  if (outcome === 'assistant_archived')
    return invalid('/assistant_id', 'must be an assistant that is not archived');
  if (outcome === 'consent_required') return consentRequired();
  if (outcome === 'with_agent') return problem('conflict', 'A person is asked for or has this conversation');
  return problem(
    outcome,
    undefined,
    outcome === 'too_many_waiting_runs' ? { retryAfterS: RETRY_AFTER_S } : {},
  );
}

const NOT_A_BEGINNING = 'must be left out: the conversation has its assistant';

/** Returns JSON with sorted keys, the same for equal values. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}
