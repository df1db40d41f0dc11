import type { User } from '../../sdk/types.ts';
import { session } from '../../shared/session.ts';

export type Fields = Partial<
  Pick<User, 'first_name' | 'last_name' | 'language' | 'data_processing_consent' | 'marketing_consent'>
>;

/** Changes the account here and on the server. @throws Refused, Unreachable */
export async function changeUser(fields: Fields): Promise<void> {
  session.changed(await session.call<User>('PATCH', '/users/me', { body: fields }));
}

/** Fetches the account again. @throws Refused, Unreachable */
export async function reloadUser(): Promise<void> {
  session.changed(await session.call<User>('GET', '/users/me'));
}
