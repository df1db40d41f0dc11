import { readdirSync, readFileSync } from 'node:fs';

/** The engine's own texts for users. Each file of shared/texts holds them in one language, named by its BCP 47 tag. */
export type Texts = {
  /** The answer to a message that moderation flagged. */
  refusal: string;
  /** The end of an answer that the guard stopped. */
  apology: string;
  /** The model asked for a person. */
  handoff: string;
  /** The same outside the office hours; {time} is when somebody will be there. */
  handoff_later: string;
};

const FOLDER = new URL('.', import.meta.url);
const texts: Record<string, Texts> = Object.fromEntries(
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [
      file.replace(/\.json$/, ''),
      JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Texts,
    ]),
);

/** Returns a text in a language, or in the nearest language that has it, or in English. */
export function textIn(language: string, key: keyof Texts): string {
  const found = inLanguage(texts, language) ?? texts.en;
  if (found === undefined) throw new Error('shared/texts/en.json is missing');
  return found[key];
}

/**
 * Returns the entry of a record, keyed by language tag, that fits a language best: zh-Hant-TW, zh-Hant, zh. Without a
 * script in the tag the region decides: zh-TW is zh-Hant. Undefined if nothing fits.
 */
export function inLanguage<T>(record: Record<string, T>, language: string): T | undefined {
  return chainOf(language)
    .filter((tag) => Object.hasOwn(record, tag))
    .map((tag) => record[tag])[0];
}

/** Languages whose speakers read the texts of another one. */
const READ_AS: Record<string, string> = { no: 'nb', nn: 'nb', yue: 'zh-Hant', bs: 'hr' };

/** Chains of the tags that were asked for; a message asks several times. */
const chains = new Map<string, string[]>();
const CHAINS = 500;

function chainOf(language: string): string[] {
  const known = chains.get(language);
  if (known !== undefined) return known;
  if (chains.size === CHAINS) chains.clear();
  const chain = makeChain(language);
  chains.set(language, chain);
  return chain;
}

function makeChain(language: string): string[] {
  const locale = localeOf(language);
  if (locale === undefined) return [];
  const { script = locale.maximize().script, region } = locale;
  const chain = [
    [locale.language, script, region],
    [locale.language, region],
    [locale.language, script],
    [locale.language],
  ].map((parts) => parts.filter((part) => part !== undefined).join('-'));
  const instead = READ_AS[locale.language];
  return instead === undefined ? chain : [...chain, instead];
}

function localeOf(language: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(language.replaceAll('_', '-'));
  } catch {
    return undefined;
  }
}
