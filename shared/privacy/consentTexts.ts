import { readFileSync } from 'node:fs';
import { type ConsentKind, consentVersion } from '../../db/models/consent.ts';

type Texts = Record<ConsentKind, string>;

/** Returns the texts in force, in a language or else in English. */
export async function consentTexts(
  language: string,
): Promise<{ version: string; language: string; texts: Texts }> {
  const version = await consentVersion();
  const texts = textsOf(version);
  const spoken = [language, language.split('-')[0] ?? ''].find((one) => Object.hasOwn(texts, one)) ?? 'en';
  return { version, language: spoken, texts: texts[spoken] as Texts };
}

/** Returns a version's texts by language. @throws Error when the version has no file */
export function textsOf(version: string): Record<string, Texts> {
  const file = new URL(`consents/${version}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Texts>;
}
