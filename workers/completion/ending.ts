import type { Outcome } from '../../db/models/run.ts';

export type Ending = Omit<Outcome, 'content' | 'parameters' | 'sources' | 'title'>;

/** How a run ends that cannot be answered. */
export function failed(code: string, message: string): Ending {
  return { status: 'failed', error: { code, message } };
}
