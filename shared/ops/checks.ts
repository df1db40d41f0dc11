import { knex } from '../../db/knex.ts';
import { inTime } from '../base/inTime.ts';
import { causeOf } from './causes.ts';

/** `healthy`, or `unhealthy: ` with a reason that shows no host and no secret. */
export type Check = 'healthy' | `unhealthy: ${string}`;

export function checkDatabase(): Promise<Check> {
  return within(2_000, async () => knex.raw('SELECT 1'));
}

/** An error whose message a check may show unchanged. */
export class Refused extends Error {}

/** Returns whether `work` succeeds within `limitMs`. Never rejects. */
export async function within(limitMs: number, work: () => Promise<unknown>): Promise<Check> {
  try {
    await inTime(limitMs, work(), () => new Refused('timeout'));
    return 'healthy';
  } catch (err) {
    return `unhealthy: ${reason(err)}`;
  }
}

function reason(err: unknown): string {
  if (err instanceof Refused) return err.message;
  return causeOf(err);
}
