import type { Outcome } from '../../db/models/run.ts';

export type Ending = Omit<Outcome, 'content' | 'parameters' | 'sources' | 'title'>;

/** How a run ends that cannot be answered. */
export function failed(code: string, message: string): Ending {
  return { status: 'failed', error: { code, message } };
}

/** How a run ends whose statements are too slow. */
export const TOO_SLOW: Ending = failed(
  'database_timeout',
  'The database took too long to prepare the answer.',
);
