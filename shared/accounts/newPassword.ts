import { invalid } from '../base/errors.ts';
import { lazily } from '../base/lazily.ts';

/** Bounds in code points. */
export const MIN_LENGTH = 8;
export const MAX_LENGTH = 256;

/**
 * Refuses three kinds of weak passwords: the ten thousand most common, in any case; this service's name with only digits
 * and signs around it; those that are too short in normal form.
 * @param path the JSON pointer to its field in the body
 * @throws Problem `validation_failed`
 */
export function refuseWeak(password: string, path: string): void {
  const text = normalForm(password);
  if ([...text].length < MIN_LENGTH) throw invalid(path, `must be at least ${MIN_LENGTH} characters long`);
  const word = text.toLowerCase();
  if (common().has(word)) throw invalid(path, 'must be less common');
  if (/^[^\p{L}]*parley[^\p{L}]*$/u.test(word))
    throw invalid(path, 'must be more than the name of this service');
}

/**
 * Returns the form in which passwords are hashed, that of RFC 8265: `é` is the same from every keyboard. Unlike NFKC it
 * makes only characters equal that look the same. It cuts, trims and folds nothing.
 */
export function normalForm(password: string): string {
  return password.normalize('NFC');
}

let known: Set<string> | undefined;

function common(): Set<string> {
  return (known ??= new Set(readCommon()));
}

/** Returns the common passwords. The list is in lower case, the most common first. Shorter passwords fail by their length. */
function readCommon(): string[] {
  const { dictionary } = lazily('@zxcvbn-ts/language-common') as typeof import('@zxcvbn-ts/language-common');
  return dictionary['passwords-common'].slice(0, 10_000).filter((password) => password.length >= MIN_LENGTH);
}
