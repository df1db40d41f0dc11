import { dictionary } from '@zxcvbn-ts/language-common';
import { problem } from '../base/errors.ts';

/** Code points. */
export const MIN_LENGTH = 8;
export const MAX_LENGTH = 256;

/**
 * Refuses a password that nobody should have: one of the ten thousand most common, whatever its case, this service's name
 * with no more than digits and signs around it, or one that is too short once combining characters are joined.
 * @param path where it stands in the body
 * @throws Problem `validation_failed`
 */
export function refuseWeak(password: string, path: string): void {
  const text = normalForm(password);
  if ([...text].length < MIN_LENGTH) throw weak(path, `must be at least ${MIN_LENGTH} characters long`);
  const word = text.toLowerCase();
  if (COMMON.has(word)) throw weak(path, 'must be less common');
  if (/^[^\p{L}]*parley[^\p{L}]*$/u.test(word))
    throw weak(path, 'must be more than the name of this service');
}

/**
 * The form in which passwords are hashed: that of RFC 8265, so that `é` is the same from every keyboard. Unlike NFKC it
 * makes nothing equal that looks different; nothing is cut, trimmed or folded.
 */
export function normalForm(password: string): string {
  return password.normalize('NFC');
}

/** The list is in lower case and ordered by how common they are; shorter ones are refused by their length. */
const COMMON = new Set(
  dictionary['passwords-common'].slice(0, 10_000).filter((password) => password.length >= MIN_LENGTH),
);

function weak(path: string, message: string) {
  return problem('validation_failed', undefined, { errors: [{ path, message }] });
}
