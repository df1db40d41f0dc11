import { useSyncExternalStore } from 'react';
import { pageStore } from '../sdk/browser.ts';
import { listeners } from './listeners.ts';
import { en } from './words/en.ts';

export type Word = keyof typeof en;
type Values = Record<string, string | number>;

/** Languages of the pages. `dir` is the direction of writing. Another one needs a file of words and a line here. */
export const LANGUAGES = {
  en: { name: 'English', dir: 'ltr', load: async () => en as Record<Word, string> },
  ar: { name: 'العربية', dir: 'rtl', load: async () => (await import('./words/ar.ts')).ar },
  de: { name: 'Deutsch', dir: 'ltr', load: async () => (await import('./words/de.ts')).de },
} as const;
export type Language = keyof typeof LANGUAGES;

const KEY = 'parley.language';
const store = pageStore();
const { subscribe, changed } = listeners();
let words: Record<string, string> = en;
let current: Language = 'en';

/** Returns a text in the language of the page, with `{name}` filled in. With `n`, the form for that number. */
export function t(word: Word, values: Values = {}): string {
  return filled(words, word, values);
}

/** Makes the `t` of a part of a page that brings its own words. It speaks English where it lacks the page's language. */
export function wordsOf<const Words extends Record<string, string>>(sets: {
  en: Words;
  de: Record<keyof Words, string>;
}): (word: keyof Words & string, values?: Values) => string {
  return (word, values = {}) => filled(current === 'de' ? sets.de : sets.en, word, values);
}

function filled(from: Record<string, string>, word: string, values: Values): string {
  const { n } = values;
  const form = typeof n === 'number' ? `${word}_${new Intl.PluralRules(current).select(n)}` : word;
  const text = from[form] ?? from[word] ?? word;
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? '';
    return typeof value === 'number' ? value.toLocaleString(locale()) : value;
  });
}

export function language(): Language {
  return current;
}

/** Says which language fits: the chosen one, else the browser's, else English. */
export function preferred(): Language {
  const wanted = [store.getItem(KEY) ?? '', ...navigator.languages].map((tag) => tag.split('-')[0] ?? '');
  return (Object.keys(LANGUAGES) as Language[]).find((one) => one === wanted.find(isKnown)) ?? 'en';
}

export function isKnown(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}

/** Speaks another language, and remembers a choice. */
export async function speak(chosen: Language, remember = false): Promise<void> {
  words = await LANGUAGES[chosen].load();
  current = chosen;
  if (remember) store.setItem(KEY, chosen);
  document.documentElement.lang = chosen;
  document.documentElement.dir = LANGUAGES[chosen].dir;
  changed();
}

/** Says whether somebody chose the language on this device. */
export function isChosen(): boolean {
  return store.getItem(KEY) !== null;
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, () => current);
}

/** The language with the browser's region, if it names one: regions write times differently. */
export function locale(): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === current) ?? current;
}

/** Writes when something was: the time today, the day before. */
export function when(iso: string): string {
  const date = new Date(iso);
  const today = new Date().toDateString() === date.toDateString();
  const said = new Intl.DateTimeFormat(
    locale(),
    today ? { timeStyle: 'short' } : { day: 'numeric', month: 'short' },
  ).format(date);
  // No line breaks in the middle of it.
  return said.replaceAll(' ', '\u00A0');
}

const DAY_MS = 86_400_000;

/** Says how long ago something was, as a heading over all of that age: today, yesterday, a week, or the month. */
export function ageOf(iso: string): string {
  const date = new Date(iso);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(iso).setHours(0, 0, 0, 0)) / DAY_MS);
  if (days > 1 && days <= 7) return t('list.week');
  const said =
    days <= 1
      ? new Intl.RelativeTimeFormat(current, { numeric: 'auto' }).format(-Math.max(days, 0), 'day')
      : new Intl.DateTimeFormat(current, { month: 'long', year: 'numeric' }).format(date);
  return said.slice(0, 1).toLocaleUpperCase(current) + said.slice(1);
}

/** Writes when something was: the time alone where it was today. */
export function moment(iso: string): string {
  return new Date().toDateString() === new Date(iso).toDateString() ? when(iso) : dateTime(iso);
}

export function dateTime(iso: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}

/** @param digits behind the point; without it as many as the number has, up to three */
export function number(value: number, digits?: number): string {
  const fraction =
    digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString(locale(), fraction);
}

/** Writes a share from 0 to 1. */
export function percent(share: number): string {
  return new Intl.NumberFormat(locale(), { style: 'percent' }).format(share);
}
