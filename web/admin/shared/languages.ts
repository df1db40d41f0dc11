import { locale } from '../../shared/words.ts';

/** Languages that a choice offers; a list shows others where rows have them. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt', 'tr', 'uk', 'ar', 'zh', 'ja'];

/** Names a language in that of the page. Returns the tag where the browser has no name for it. */
export function languageName(tag: string): string {
  return new Intl.DisplayNames([locale()], { type: 'language', fallback: 'code' }).of(tag) ?? tag;
}

/** Options of a choice of languages. @param more tags that must be among them */
export function languageOptions(...more: string[]) {
  const tags = [...new Set([...LANGUAGES, ...more.filter((tag) => tag !== '')])];
  return tags.map((value) => ({ value, text: languageName(value) }));
}
