import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import type { GivenRole } from '../../db/models/role.ts';
import { listSessions, type SessionRow } from '../../db/models/sessionView.ts';
import { User } from '../../db/models/user.ts';
import { listUsers, type UserFilter } from '../../db/models/userAdmin.ts';
import { row } from '../../db/sql.ts';
import { found, problem } from '../base/errors.ts';
import { settleInBackground } from '../delivery/runs.ts';
import { type By, noted } from './noted.ts';

type Administrator = By & { actor_id: number };
type UserChange = { role?: GivenRole; status?: 'active' | 'suspended' };
/** One field of an account, before and after. */
type Changed = { field: keyof UserChange; from: string; to: string };

/**
 * Returns a page of accounts, newest first. Notes the shown accounts in the audit log.
 * @param page `beforeId`: the last id of the page before; `shown`: number of accounts that the client gets
 */
export function listAccounts(
  by: By,
  filter: UserFilter,
  { shown, ...page }: { limit: number; beforeId: number | null; shown: number },
): Promise<User[]> {
  return knex.transaction(async (trx) => {
    const users = await listUsers(filter, page, trx);
    const ids = users.slice(0, shown).map(({ id }) => id);
    await noted(by, 'user.listed', { details: { ids } })(null, trx);
    return users;
  });
}

/** Returns an account. Notes the view in the audit log. @throws Problem `not_found` */
export function viewAccount(by: By, id: number): Promise<User> {
  return knex.transaction(async (trx) => {
    const viewed = found(await User.query(trx).findById(id));
    await noted(by, 'user.viewed', { subject_id: id })(id, trx);
    return viewed;
  });
}

/** Returns a page of an account's sign-ins. Notes the view in the audit log. @throws Problem `not_found` */
export async function viewSessions(
  by: By,
  id: number,
  page: { limit: number; beforeId: number | null },
): Promise<SessionRow[]> {
  found(await User.query().findById(id));
  await noted(by, 'user.sessions_viewed', { subject_id: id })(id);
  return listSessions(id, page);
}

/**
 * Changes an account's role or status, for an administrator. A suspension ends the user's sessions and runs. At least
 * one administrator always remains: administrators cannot change their own account here, and a former administrator
 * changes nothing.
 * @returns the changed account
 * @throws Problem `forbidden`, `not_found`
 */
export async function administer(by: Administrator, userId: number, change: UserChange): Promise<User> {
  const { user, ended } = await changed(by, userId, change);
  if (ended.length > 0) settleInBackground({ ended, next: null });
  return user;
}

function changed(
  by: Administrator,
  userId: number,
  change: UserChange,
): Promise<{ user: User; ended: number[] }> {
  const { actor_id: actorId } = by;
  return knex.transaction(async (trx) => {
    // Locks both rows in the order of ids: of two administrators who change each other, one waits.
    const locked = await User.query(trx).whereIn('id', [actorId, userId]).orderBy('id').forNoKeyUpdate();
    const actor = locked.find(({ id }) => id === actorId);
    const user = locked.find(({ id, status }) => id === userId && status !== 'deleted');
    if (actor?.role !== 'admin' || actor.status !== 'active') throw problem('forbidden');
    if (user === undefined) throw problem('not_found');
    if (user === actor) throw problem('forbidden', 'Ask another administrator to change your account');

    if (user.role === 'guest' && change.role !== undefined)
      throw problem('forbidden', 'A guest gets another role by registering');
    // The owner of a site's secret can sign in as any of the site's users.
    if (user.external_id !== null && (change.role ?? 'user') !== 'user')
      throw problem('forbidden', 'An account that a site vouches for keeps its role');
    const changes = changesOf(user, change);
    if (changes.length === 0) return { user, ended: [] };
    const after = await User.query(trx).patchAndFetchById(userId, { ...change, updated_at: new Date() });
    for (const one of changes) {
      const { from, to } = one;
      await noted(by, actionOf(one), { subject_id: userId, details: { from, to } })(userId, trx);
    }
    const suspended = user.status !== 'suspended' && after.status === 'suspended';
    return { user: after, ended: suspended ? await shutOut(userId, trx) : [] };
  });
}

function changesOf(user: User, change: UserChange): Changed[] {
  return (['role', 'status'] as const).flatMap((field) => {
    const to = change[field] ?? user[field];
    return to === user[field] ? [] : [{ field, from: user[field], to }];
  });
}

async function shutOut(userId: number, trx: Knex): Promise<number[]> {
  return (await row<{ ended: number[] }>('SELECT shut_out(:userId) AS ended', { userId }, trx))?.ended ?? [];
}

function actionOf({ field, to }: Changed): string {
  if (field === 'role') return 'user.role_changed';
  return to === 'suspended' ? 'user.suspended' : 'user.reinstated';
}
