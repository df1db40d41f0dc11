import { row } from '../sql.ts';

/** What a prompt may say of a user. */
export type Person = { name: string; timezone: string };

/** A user's full name, or username where there is none, and time zone; undefined: no such user. */
export function findPerson(userId: number): Promise<Person | undefined> {
  return row(
    `SELECT coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), username, '') AS name, timezone
     FROM users WHERE id = :userId`,
    { userId },
  );
}
