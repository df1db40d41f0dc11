import type { Outcome } from '../../db/models/run.ts';

export type Ending = Omit<Outcome, 'content' | 'parameters' | 'sources' | 'title'>;

/** Returns the ending of a failed run. */
export function failed(code: string, message: string): Ending {
  return { status: 'failed', error: { code, message } };
}

/** Ending of a run after too many slow statements. */
export const TOO_SLOW: Ending = failed(
  'database_timeout',
  'The database took too long to prepare the answer.',
);

/** Code and message of a run without moderation's verdict. */
export const UNCHECKED = [
  'moderation_unavailable',
  'The message could not be checked: what MODERATION_MODEL names gave no verdict.',
] as const;
