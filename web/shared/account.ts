import type { User } from '../sdk/types.ts';
import { session } from './session.ts';
import { leave } from './unsaved.ts';
import { type Language, speak } from './words.ts';

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

/**
 * Speaks another language, which becomes the account's. The page is made anew, and its forms with it: asks first where one is not
 * saved.
 * @param onChosen called right before the page is made anew
 */
export function chooseLanguage(next: Language, onChosen?: () => void): void {
  leave(() => {
    void changeUser({ language: next }).catch(() => {});
    onChosen?.();
    void speak(next, true);
  });
}
