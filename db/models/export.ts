import type { Knex } from 'knex';
import { ids, row, rows } from '../sql.ts';
import { type Tables, use } from '../personalData.ts';

export type ExportRow = {
  id: number;
  status: 'queued' | 'running' | 'ready' | 'failed';
  /** From 0 to 1. */
  progress: number;
  expires_at: Date | null;
};

/** Attempts after which an export fails; ms of a lease, which every piece renews; days that an archive is kept. */
const ATTEMPTS = 5;
const LEASE = 60_000;
const KEPT_DAYS = 7;

/** Asks for an export, or returns the one that is under way: a user has one at a time. */
export async function requestExport(userId: number, trx: Knex): Promise<ExportRow & { fresh: boolean }> {
  const fresh = await row<ExportRow>(
    `INSERT INTO exports (user_id) VALUES (:userId)
     ON CONFLICT (user_id) WHERE status IN ('queued', 'running') DO NOTHING
     RETURNING id, status, progress, expires_at`,
    { userId },
    trx,
  );
  if (fresh !== undefined) return { ...fresh, fresh: true };
  const running = await row<ExportRow>(
    `SELECT id, status, progress, expires_at FROM exports WHERE user_id = :userId AND status IN ('queued', 'running')`,
    { userId },
    trx,
  );
  // It ended between the two statements.
  return running === undefined ? requestExport(userId, trx) : { ...running, fresh: false };
}

/** Returns a user's export. */
export function findExport(userId: number, id: number): Promise<ExportRow | undefined> {
  return row<ExportRow>(
    `SELECT id, status, progress, expires_at FROM exports
     WHERE id = :id AND user_id = :userId AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
    { id, userId },
  );
}

/** Returns exports that no worker holds, oldest first. */
export function exportsOwed(): Promise<number[]> {
  return ids(
    `SELECT id FROM exports WHERE status IN ('queued', 'running')
       AND (lease_until IS NULL OR lease_until < clock_timestamp()) ORDER BY id LIMIT 20`,
  );
}

export type Claimed = { user_id: number; attempt: number };

/** Claims an export for one attempt, and drops the pieces of an earlier one. @returns undefined when there is nothing to do */
export async function claimExport(id: number): Promise<Claimed | undefined> {
  const claimed = await row<Claimed & { status: string }>(
    `UPDATE exports SET attempt = attempt + 1, progress = 0,
       status = CASE WHEN attempt >= :attempts THEN 'failed' ELSE 'running' END,
       completed_at = CASE WHEN attempt >= :attempts THEN clock_timestamp() END,
       expires_at = CASE WHEN attempt >= :attempts THEN clock_timestamp() + make_interval(days => :days) END,
       lease_until = clock_timestamp() + :lease * interval '1 ms'
     WHERE id = :id AND status IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < clock_timestamp())
     RETURNING user_id, attempt, status`,
    { id, attempts: ATTEMPTS, days: KEPT_DAYS, lease: LEASE },
  );
  if (claimed === undefined || claimed.status === 'failed') return undefined;
  await rows('DELETE FROM export_chunks WHERE export_id = :id', { id });
  return claimed;
}

/** Adds a piece, and renews the lease. @returns false when another attempt has the export */
export async function addPiece(
  id: number,
  attempt: number,
  piece: { seq: number; bytes: Buffer; progress: number },
): Promise<boolean> {
  const added = await row(
    `WITH held AS (
       UPDATE exports SET progress = :progress, lease_until = clock_timestamp() + :lease * interval '1 ms'
       WHERE id = :id AND attempt = :attempt AND status = 'running' RETURNING id)
     INSERT INTO export_chunks (export_id, seq, bytes) SELECT id, :seq, decode(:bytes, 'base64') FROM held RETURNING seq`,
    { id, attempt, lease: LEASE, ...piece, bytes: piece.bytes.toString('base64') },
  );
  return added !== undefined;
}

/**
 * Completes an export, in place of the user's earlier ones, and owes its user the news.
 * @returns false when another attempt has it
 */
export async function completeExport(id: number, attempt: number): Promise<boolean> {
  const done = await row(
    `WITH done AS (
       UPDATE exports SET status = 'ready', progress = 1, lease_until = NULL, completed_at = clock_timestamp(),
         expires_at = clock_timestamp() + make_interval(days => :days)
       WHERE id = :id AND attempt = :attempt AND status = 'running' RETURNING user_id),
     earlier AS (
       UPDATE exports SET expires_at = clock_timestamp()
       WHERE user_id = (SELECT user_id FROM done) AND id <> :id AND expires_at > clock_timestamp())
     SELECT owe_notification('export_ready', user_id, jsonb_build_object('export_id', CAST(:id AS bigint))) AS told FROM done`,
    { id, attempt, days: KEPT_DAYS },
  );
  return done !== undefined;
}

/** Gives an export back, so that it is owed at once. */
export async function releaseExport(id: number, attempt: number): Promise<void> {
  await rows('UPDATE exports SET lease_until = NULL WHERE id = :id AND attempt = :attempt', { id, attempt });
}

/**
 * Reads the pieces of an archive in order, one at a time.
 * @throws where one was removed meanwhile: half an archive looks like a whole one
 */
export async function* piecesOf(id: number): AsyncGenerator<Buffer> {
  const found = await row<{ pieces: number }>(
    'SELECT count(*)::integer AS pieces FROM export_chunks WHERE export_id = :id',
    { id },
  );
  const pieces = found?.pieces ?? 0;
  if (pieces === 0) throw new Error('an archive was removed before it was read');
  for (let seq = 0; seq < pieces; seq += 1) {
    const piece = await row<{ bytes: Buffer }>(
      'SELECT bytes FROM export_chunks WHERE export_id = :id AND seq = :seq',
      { id, seq },
    );
    if (piece === undefined) throw new Error('a piece of an archive was removed while it was read');
    yield piece.bytes;
  }
}

export const tables: Tables = {
  exports: {
    purpose: 'exports that users asked for',
    kept: 'seven days',
    bound: use('seven days; one at a time for each account'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      behaviour: 'status progress created_at completed_at expires_at',
      technical: 'attempt lease_until',
    },
  },
  export_chunks: {
    purpose: 'archives of exports',
    kept: 'seven days',
    bound: use('seven days'),
    erased: 'cascade',
    columns: { link: 'export_id', content: 'bytes', technical: 'seq' },
  },
};
