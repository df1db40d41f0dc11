import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { firstSeq, type RunEvent } from '../../shared/delivery/runEvents.ts';
import type { RunView } from '../../web/sdk/view.ts';

/** Runs a statement and returns its rows. */
export type Query = <Row extends pg.QueryResultRow>(sql: string) => Promise<Row[]>;

/** A run and its related rows, from Postgres at rest. */
export type RunAtRest = {
  id: number;
  user_id: number;
  conversation_id: number;
  idempotency_key: string;
  status: string;
  attempt: number;
  last_seq: number;
  crashes: number;
  error_code: string | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  cancelled: boolean;
  announced: boolean;
  /** Seconds since 1970. */
  ended: number;
  content: string;
  questions: number;
  /** Questions that the run should have: one, and those that joined it. */
  due_questions: number;
  replies: number;
};

const ENDED = ['completed', 'incomplete', 'failed', 'cancelled'];
const RUNS = `SELECT r.id, r.user_id, r.conversation_id, r.idempotency_key, r.status, r.attempt, r.last_seq, r.crashes,
  r.error_code, r.completion_tokens, r.total_tokens, r.cancel_requested_at IS NOT NULL AS cancelled,
  r.announced_at IS NOT NULL AS announced, extract(epoch FROM r.completed_at)::float8 AS ended, reply.content,
  (SELECT count(*) FROM messages m WHERE m.run_id = r.id AND m.message_type = 'user') AS questions,
  CASE WHEN reply.alternative_of IS NULL THEN 1 + cardinality(r.joined_ids) ELSE 0 END AS due_questions,
  (SELECT count(*) FROM messages m WHERE m.run_id = r.id AND m.message_type = 'assistant') AS replies
  FROM runs r JOIN messages reply ON reply.id = r.reply_id`;
const MISCOUNTED = `SELECT c.id, c.total_tokens, r.used, c.message_count, m.stored FROM conversations c
  CROSS JOIN LATERAL (SELECT coalesce(sum(total_tokens), 0) AS used FROM runs WHERE conversation_id = c.id) r
  CROSS JOIN LATERAL (SELECT count(*) AS stored FROM messages WHERE conversation_id = c.id) m
  WHERE c.total_tokens <> r.used OR c.message_count <> m.stored`;
const OWED = `SELECT count(*) FILTER (WHERE completed_at IS NULL) AS runs_not_ended,
  count(*) FILTER (WHERE completed_at IS NOT NULL AND announced_at IS NULL) AS runs_not_announced FROM runs`;

/** Returns all runs, or those of a user, oldest first. */
export function runsAtRest(query: Query, userId?: number): Promise<RunAtRest[]> {
  return query<RunAtRest>(
    `${RUNS} ${userId === undefined ? '' : `WHERE r.user_id = ${userId}`} ORDER BY r.id`,
  );
}

/** I1 and I2: a run is ended and announced, with its questions and one reply. Returns the failures. */
export function wrongsOfRun(run: RunAtRest): string[] {
  const { status, announced, questions, due_questions, replies } = run;
  return [
    ...(ENDED.includes(status) ? [] : [`is ${status} at rest`]),
    ...(announced ? [] : [`is ${status} and was never announced`]),
    ...(questions === due_questions && replies === 1
      ? []
      : [`has ${questions} questions and ${replies} replies`]),
  ];
}

/** I2: each run's tokens and each message count once in the conversation. Returns the conversations where they do not. */
export function miscounted(query: Query): Promise<Record<string, number>[]> {
  return query(MISCOUNTED);
}

/** I3: a device's view of a run equals the row, byte for byte. Returns the failures. */
export function wrongsOfView({ ended, attempt, seq, text, joined }: RunView, run: RunAtRest): string[] {
  if (ended === undefined) return ['shows no end'];
  const wrongs: string[] = [];
  const says = `the row says: ${run.content}`;
  if (text !== run.content) wrongs.push(`shows: ${text}\n${says}`);
  if (joined !== undefined && joined !== run.content) wrongs.push(`was shown: ${joined}\n${says}`);
  if (attempt !== run.attempt || seq !== run.last_seq + 1)
    wrongs.push(`ended with ${attempt}/${seq}, the row with ${run.attempt}/${run.last_seq}`);
  return wrongs;
}

/** I3: an attempt's numbers rise by one from its first seq. Returns the numbers that break this. */
export function holesIn(events: RunEvent[]): string[] {
  const first = firstSeq(events[0]?.data.attempt ?? 1);
  const seqs = events.map(({ data }) => data.seq);
  return seqs.every((seq, i) => seq === first + i) ? [] : [`numbers ${seqs}`];
}

/** I5: returns owed work of runs, by kind; empty at rest. */
export async function owedRuns(query: Query): Promise<Record<string, number>> {
  const [owed = {}] = await query<Record<string, number>>(OWED);
  return Object.fromEntries(Object.entries(owed).filter(([, count]) => count > 0));
}

const UNDONE = ['wait', 'active', 'prioritized', 'delayed', 'waiting-children', 'paused'];
const COUNT = `local n = redis.call('TYPE', KEYS[1]).ok
if n == 'list' then return redis.call('LLEN', KEYS[1]) elseif n == 'zset' then return redis.call('ZCARD', KEYS[1]) end
return 0`;

/** I5: returns the numbers of unfinished jobs, by queue and state. @param only the queues to count; absent: all */
export async function undoneJobs(redis: Redis, only?: string[]): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const key of await redis.keys('bull:*')) {
    const [, queue = '', state = '', ...more] = key.split(':');
    if (more.length > 0 || !UNDONE.includes(state) || only?.includes(queue) === false) continue;
    const count = Number(await redis.eval(COUNT, 1, key));
    if (count > 0) found[`${queue} ${state}`] = count;
  }
  return found;
}

/** Waits until every run has ended and was announced, for `withinMs` at most. Returns whether all were. */
export async function untilAnnounced(query: Query, withinMs: number): Promise<boolean> {
  const left = 'SELECT count(*)::int AS left FROM runs WHERE announced_at IS NULL';
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(250))
    if ((await query<{ left: number }>(left))[0]?.left === 0) return true;
  return false;
}

/** Returns how many questions and replies are stored once too often. No two questions may have the same text. */
export async function countDoubled(query: Query): Promise<number> {
  const [found] = await query<{ doubled: number }>(
    `SELECT coalesce(sum(copies - 1), 0)::int AS doubled FROM (
       SELECT count(*) AS copies FROM messages WHERE message_type = 'user' GROUP BY content
       UNION ALL SELECT count(*) FROM messages WHERE message_type = 'assistant' GROUP BY run_id) AS of_each`,
  );
  return found?.doubled ?? 0;
}
