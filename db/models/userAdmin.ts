import type { Knex } from 'knex';
import type { Role } from './role.ts';
import { User } from './user.ts';

export type UserFilter = { q?: string; role?: Role; status?: User['status'] };

/**
 * Returns a page of accounts, newest first.
 * @param filter `q` is how an e-mail address or a username begins, whatever its case
 * @param page `beforeId`: where the page before ended
 */
export async function listUsers(
  { q, role, status }: UserFilter,
  { limit, beforeId }: { limit: number; beforeId: number | null },
  trx: Knex,
): Promise<User[]> {
  const query = User.query(trx).orderBy('id', 'desc').limit(limit);
  if (beforeId !== null) query.where('id', '<', beforeId);
  if (role !== undefined) query.where({ role });
  if (status !== undefined) query.where({ status });
  if (q !== undefined) {
    const prefix = `${q.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    query.whereRaw('(lower(email) LIKE lower(:prefix) OR lower(username) LIKE lower(:prefix))', { prefix });
  }
  return query;
}
