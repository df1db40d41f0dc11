import { listOffered, type OfferedRow } from '../../db/models/assistant.ts';
import { env } from '../base/env.ts';
import { nextOpening } from '../base/officeHours.ts';
import { inLanguage } from '../texts/textIn.ts';

/** How long a process answers from memory: anybody may ask, and asking must cost the database nothing. */
const KEPT_MS = 30_000;
/** More assistants than this are not looked through. */
const MOST = 1_000;

let kept: { until: number; list: Promise<OfferedRow[]> } | undefined;

export type PublicOffer = {
  assistant_id: number | null;
  greeting: string | null;
  suggested_questions: string[];
  opens_at: Date | null;
};

/**
 * Returns what a visitor may know of an assistant before the first message, at most 30 s old, and when people answer again.
 * With GUESTS=off it holds nothing of an assistant.
 * @param id the assistant; undefined or unknown: the default
 */
export async function publicOffer(id: number | undefined, language: string): Promise<PublicOffer> {
  const list = env.GUESTS === 'off' ? [] : await offered();
  const found = list.find((one) => one.id === id) ?? list.find((one) => one.is_default);
  const { greeting = {}, suggested_questions = {} } = found ?? {};
  return {
    assistant_id: found?.id ?? null,
    greeting: inLanguage(greeting, language) ?? greeting.en ?? null,
    suggested_questions: inLanguage(suggested_questions, language) ?? suggested_questions.en ?? [],
    opens_at: nextOpening(env.OFFICE_HOURS, env.OFFICE_TIMEZONE, new Date()),
  };
}

function offered(): Promise<OfferedRow[]> {
  if (kept !== undefined && kept.until > Date.now()) return kept.list;
  const list = listOffered(MOST, 0);
  kept = { until: Date.now() + KEPT_MS, list };
  // A failure is not kept.
  list.catch(() => {
    if (kept?.list === list) kept = undefined;
  });
  return list;
}
