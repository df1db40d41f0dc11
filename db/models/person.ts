import { row } from '../sql.ts';

/** What a prompt may say of a user. */
export type Person = { name: string; timezone: string };

/** Selects an account's name: the full name, or the username where there is none, or ''. */
export function nameOf(users: string): string {
  return `coalesce(nullif(trim(concat_ws(' ', ${users}.first_name, ${users}.last_name)), ''), ${users}.username, '')`;
}

/** Returns a user's full name, or else username, and time zone; undefined: no such user. */
export function findPerson(userId: number): Promise<Person | undefined> {
  return row(`SELECT ${nameOf('u')} AS name, timezone FROM users u WHERE id = :userId`, { userId });
}
