import { findPerson } from '../../db/models/person.ts';
import { availableAt } from '../delivery/peopleEvents.ts';
import { textIn } from '../texts/textIn.ts';

/** Characters of a reason that are kept. */
const REASON_LIMIT = 500;

/** Returns what a user reads when a person will answer: and when, outside the office hours. */
export async function handoffText(userId: number, language: string): Promise<string> {
  const opening = availableAt('waiting');
  if (opening === null) return textIn(language, 'handoff');
  const timezone = (await findPerson(userId))?.timezone ?? 'UTC';
  return textIn(language, 'handoff_later').replace('{time}', () => momentIn(opening, language, timezone));
}

/** Returns a model's reason in the form that a conversation keeps; null: it gave none. */
export function reasonFrom(input: Record<string, unknown>): string | null {
  const { reason } = input;
  if (typeof reason !== 'string') return null;
  const text = [...reason.replaceAll('\0', '').toWellFormed().trim()].slice(0, REASON_LIMIT).join('');
  return text === '' ? null : text;
}

function momentIn(moment: Date, language: string, timeZone: string): string {
  const style = {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  } as const;
  try {
    return new Intl.DateTimeFormat(language, { ...style, timeZone }).format(moment);
  } catch {
    return new Intl.DateTimeFormat('en', { ...style, timeZone: 'UTC' }).format(moment);
  }
}
