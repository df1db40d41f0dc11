import { knex } from '../../db/knex.ts';
import { causeOf } from './causes.ts';

/** `healthy`, or `unhealthy: ` with a reason that shows no host and no secret. */
export type Check = 'healthy' | `unhealthy: ${string}`;

export function checkDatabase(): Promise<Check> {
  return within(2_000, async () => knex.raw('SELECT 1'));
}

/** An error whose message a check may show unchanged. */
export class Refused extends Error {}

/** Returns whether `work` succeeds within `limitMs`. */
export async function within(limitMs: number, work: () => Promise<unknown>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Check>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'unhealthy: timeout' satisfies Check);
  });
  const done = work().then(
    (): Check => 'healthy',
    (err): Check => `unhealthy: ${reason(err)}`,
  );
  return Promise.race([done, limit]).finally(() => clearTimeout(timer));
}

function reason(err: unknown): string {
  if (err instanceof Refused) return err.message;
  return causeOf(err);
}

/** Returns a function that shares one call of `work`: while a call is under way, further callers get its result. */
export function together<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}
