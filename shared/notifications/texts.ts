import { readdirSync, readFileSync } from 'node:fs';
import type { Kind } from '../../db/models/notification.ts';
import { inLanguage } from '../texts/textIn.ts';

/** What a notification can be about: its kind, or one of the mails that tell of a changed address. */
export type Topic = Kind | 'email_changing' | 'email_changed';
type Told = { subject: string; body: string; button: string };
/** The texts of mails and pushes in one language. Each file of shared/texts/mail holds them; other languages get English. */
export type MailTexts = Record<Topic, Told> &
  Record<
    | 'greeting'
    | 'greeting_unnamed'
    | 'link_fallback'
    | 'why_security'
    | 'why_choice'
    | 'unsubscribe'
    | 'unsubscribed'
    | 'ignore'
    | 'several_subject'
    | 'several_intro'
    | 'unknown_device'
    | 'device',
    string
  >;

const FOLDER = new URL('../texts/mail/', import.meta.url);
const texts: Record<string, MailTexts> = Object.fromEntries(
  readdirSync(FOLDER).map((file) => [
    file.replace(/\.json$/, ''),
    JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as MailTexts,
  ]),
);

/** Returns the texts in a language, or in English; and the tag of the language that they are in. */
export function mailTexts(language: string): { tag: string; texts: MailTexts } {
  const found = inLanguage(texts, language) ?? texts.en;
  if (found === undefined) throw new Error('shared/texts/mail/en.json is missing');
  const tag = Object.keys(texts).find((name) => texts[name] === found) ?? 'en';
  return { tag, texts: found };
}

/** Fills the {names} of a text. What it does not know stays as it is. */
export function filled(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
