import type { Knex } from 'knex';
import { row, rows } from '../sql.ts';
import type { Source, Usage } from './runView.ts';
import type { Answering } from './turn.ts';
import { type Tables, use, WITH_CONVERSATION, WITH_MESSAGES } from '../personalData.ts';

export type ReplayRow = {
  id: number;
  run_id: number;
  assistant_version: number | null;
  model: string | null;
  status: 'queued' | 'completed' | 'failed';
  content: string | null;
  sources: Source[];
  finish_reason: string | null;
  usage: Usage | null;
  error_code: string | null;
  created_at: Date;
  completed_at: Date | null;
};

const columns = `id, run_id, assistant_version, model, status, content, sources, finish_reason, error_code, created_at, completed_at,
  CASE WHEN total_tokens IS NOT NULL THEN jsonb_build_object('prompt_tokens', prompt_tokens,
    'completion_tokens', completion_tokens, 'total_tokens', total_tokens) END AS usage`;

export type Asked = { assistant_version: number | null; model: string | null };

/** Stores that a run is to be replayed; undefined where there is no such run, or it had no prompt. Nulls: as the run was. */
export function addReplay(runId: number, asked: Asked, db?: Knex): Promise<ReplayRow | undefined> {
  return row(
    `INSERT INTO replays (run_id, assistant_version, model)
     SELECT id, coalesce(CAST(:assistant_version AS integer), assistant_version), coalesce(CAST(:model AS text), model) FROM runs
     WHERE id = :runId AND completed_at IS NOT NULL AND context IS NOT NULL RETURNING ${columns}`,
    { runId, ...asked },
    db,
  );
}

/** Returns a run's assistant in a version; undefined where it has no such version. */
export async function versionFor(runId: number, version: number): Promise<Answering | undefined> {
  const found = await row<{ assistant: Answering | null }>(
    'SELECT assistant_of(assistant_id, CAST(:version AS integer)) AS assistant FROM runs WHERE id = :runId',
    { runId, version },
  );
  return found?.assistant ?? undefined;
}

export function findReplay(id: number): Promise<ReplayRow | undefined> {
  return row(`SELECT ${columns} FROM replays WHERE id = :id`, { id });
}

export function replaysOf(runId: number, limit: number, afterId: number): Promise<ReplayRow[]> {
  return rows(
    `SELECT ${columns} FROM replays WHERE run_id = :runId AND id > :afterId ORDER BY id LIMIT :limit`,
    { runId, limit, afterId },
  );
}

/** Owed: replays that nobody has answered. */
export function replaysToAnswer(limit: number): Promise<{ replay_id: number }[]> {
  return rows(`SELECT id AS replay_id FROM replays WHERE status = 'queued' ORDER BY id LIMIT :limit`, {
    limit,
  });
}

export type Answered = {
  status: 'completed' | 'failed';
  content: string | null;
  sources: Source[];
  finish_reason: string | null;
  usage: Usage | null;
  error_code: string | null;
};

/** Ends a replay; a second answer to it changes nothing. */
export async function endReplay(id: number, { usage, sources, ...answered }: Answered): Promise<void> {
  await rows(
    `UPDATE replays SET status = :status, content = :content, sources = CAST(:sources AS jsonb), finish_reason = :finish_reason,
       error_code = :error_code, prompt_tokens = CAST(:prompt AS integer), completion_tokens = CAST(:completion AS integer),
       total_tokens = CAST(:total AS integer), completed_at = clock_timestamp()
     WHERE id = :id AND status = 'queued'`,
    {
      id,
      ...answered,
      sources: JSON.stringify(sources),
      prompt: usage?.prompt_tokens ?? null,
      completion: usage?.completion_tokens ?? null,
      total: usage?.total_tokens ?? null,
    },
  );
}

export type Original = {
  run_id: number;
  content: string;
  sources: Source[];
  finish_reason: string | null;
  model: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
};

/** Returns a sample of a window's completed runs, the same each time. */
export function sampleOf(window: { from: Date; to: Date }, count: number): Promise<Original[]> {
  return rows(
    `SELECT r.id AS run_id, m.content, r.sources, r.finish_reason, r.model, r.prompt_tokens, r.completion_tokens, r.total_tokens
     FROM runs r JOIN messages m ON m.id = r.reply_id JOIN conversations c ON c.id = r.conversation_id
     WHERE r.status = 'completed' AND r.completed_at >= :from AND r.completed_at < :to AND r.context IS NOT NULL
       AND c.deleted_at IS NULL
     ORDER BY md5(CAST(r.id AS text)) LIMIT :count`,
    { ...window, count },
  );
}

/** Returns a run of any user. Undefined: there is no such run, or its conversation is deleted. */
export function runExists(id: number): Promise<{ id: number; user_id: number } | undefined> {
  return row(
    `SELECT r.id, r.user_id FROM runs r JOIN conversations c ON c.id = r.conversation_id
     WHERE r.id = :id AND c.deleted_at IS NULL`,
    { id },
  );
}

export type Shown = {
  assistant_version: number | null;
  model: string | null;
  content: string;
  sources: Source[];
  usage: Usage | null;
};

/** Returns the answer of a run that its user was shown. */
export function originalOf(runId: number): Promise<Shown | undefined> {
  return row(
    `SELECT r.assistant_version, r.model, m.content, r.sources,
       CASE WHEN r.total_tokens IS NOT NULL THEN jsonb_build_object('prompt_tokens', r.prompt_tokens,
         'completion_tokens', r.completion_tokens, 'total_tokens', r.total_tokens) END AS usage
     FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :runId`,
    { runId },
  );
}

export const tables: Tables = {
  replays: {
    purpose: 'answers of other versions to the same prompt',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: {
      link: 'id run_id',
      content: 'content sources',
      technical:
        'assistant_version model status finish_reason prompt_tokens completion_tokens total_tokens error_code created_at completed_at',
    },
  },
};
