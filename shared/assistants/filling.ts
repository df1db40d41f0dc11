import { findPerson } from '../../db/models/person.ts';
import type { Answering } from '../../db/models/turn.ts';
import { dayIn, instructionsFor, needsFilling } from './instructions.ts';

type Asked = { user_id: number; language: string; created_at: Date; assistant: Answering | null };

/**
 * Returns the assistant's instructions, filled in for the asking user; '' without instructions. Uses the question's day, so
 * that every attempt makes the same prompt.
 */
export async function instructionsOf({ user_id, language, created_at, assistant }: Asked): Promise<string> {
  if (assistant === null) return '';
  const person = needsFilling(assistant, language) ? await findPerson(user_id) : null;
  const today = dayIn(person?.timezone ?? 'UTC', created_at);
  return instructionsFor(assistant, language, { today, user_name: person?.name ?? '' }).trim();
}
