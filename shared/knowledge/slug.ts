import { randomBytes } from 'node:crypto';

const MAX_LENGTH = 80;

/** Returns a slug of a text's words: 'Wie ändere ich …?' → 'wie-aendere-ich'; 'faq' without Latin letters and digits. */
export function slugOf(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[äöüß]/g, (letter) => GERMAN[letter] ?? letter)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '');
  const words = plain.match(/[a-z0-9]+/g) ?? [];
  const slug = words.reduce(
    (made, word) => (made.length + word.length < MAX_LENGTH ? `${made}-${word}` : made),
    '',
  );
  return slug.slice(1) || 'faq';
}

const GERMAN: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' };

/**
 * Writes with the slug asked for, or with a free slug made from the text.
 * @param write returns 'slug_taken' if the slug is not free
 * @returns what `write` returned last: 'slug_taken' only for a slug that was asked for
 */
export async function withSlug<T>(
  asked: string | undefined,
  text: string,
  write: (slug: string) => Promise<T | 'slug_taken'>,
): Promise<T | 'slug_taken'> {
  if (asked !== undefined) return write(asked);
  const base = slugOf(text);
  for (const ending of ['', '-2', '-3']) {
    const result = await write(base + ending);
    if (result !== 'slug_taken') return result;
  }
  return write(`${base}-${randomBytes(4).toString('hex')}`);
}
