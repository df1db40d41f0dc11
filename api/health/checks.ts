import { knex } from '../../db/knex.ts';
import { env } from '../../shared/env.ts';
import { redis } from '../../shared/redis.ts';

/** `healthy`, or `unhealthy: ` with a reason that tells nothing of hosts or secrets. */
export type Check = 'healthy' | `unhealthy: ${string}`;

export function checkDatabase(): Promise<Check> {
  return within(2_000, async () => knex.raw('SELECT 1'));
}

export function checkRedis(): Promise<Check> {
  return within(500, () => redis.ping());
}

/** Asks for the list of models, which costs no model call, at most every 30 s and once at a time. */
export function checkOpenai(): Promise<Check> {
  if (performance.now() >= openai.freshUntil) {
    openai = { freshUntil: performance.now() + 30_000, check: within(2_000, listModels) };
  }
  return openai.check;
}

let openai: { freshUntil: number; check: Promise<Check> } = {
  freshUntil: Number.NEGATIVE_INFINITY,
  check: Promise.resolve('healthy'),
};

async function listModels(): Promise<void> {
  const base = (env.OPENAI_BASE_URL || 'https://api.openai.com/v1').replace(/\/+$/, '');
  const answer = await fetch(`${base}/models`, {
    headers: { authorization: `Bearer ${env.OPENAI_API_KEY}` },
    signal: AbortSignal.timeout(2_000),
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Refused(`status ${answer.status}`);
}

class Refused extends Error {}

async function within(limitMs: number, work: () => Promise<unknown>): Promise<Check> {
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
  return err instanceof Error && /timeout/i.test(err.name + err.message) ? 'timeout' : 'unreachable';
}
