import { setTimeout as sleep } from 'node:timers/promises';
import { owedRuns } from '../kit/invariants.ts';
import type { Stack } from './stack.ts';
import type { User } from './user.ts';

/** Limit for a round to come to rest after the last fault, in ms. */
const LIMIT = 75_000;

/** Counts owed work other than runs. */
const OWED = `SELECT
  (SELECT count(*) FROM faqs f WHERE EXISTS (SELECT FROM unnest(faq_parts()) AS p (part)
     WHERE NOT EXISTS (SELECT FROM faq_vectors v WHERE v.faq_id = f.id AND v.part = p.part
       AND v.text_hash = md5(faq_part(p.part, f.question, f.answer, f.keywords))))) AS faqs_without_vectors,
  (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
     AND state LIKE 'idle in transaction%') AS open_transactions`;

/**
 * Waits until nothing is owed, no job is left and every device knows every run's end.
 * @returns what is unfinished at the time limit; empty on success
 */
export async function comeToRest(stack: Stack, users: User[]): Promise<string[]> {
  for (const until = Date.now() + LIMIT; ; await sleep(500)) {
    const left = await unfinished(stack, users);
    if (left.length === 0 || Date.now() > until) return left;
  }
}

async function unfinished({ postgres, redis, slots }: Stack, users: User[]): Promise<string[]> {
  const [owed = {}] = await postgres.rows<Record<string, number>>(OWED);
  const jobs = await redis.jobs();
  const left = Object.entries({ ...(await owedRuns(postgres.rows)), ...owed, ...jobs }).filter(
    ([, count]) => count > 0,
  );
  const unknown = users.flatMap((user) =>
    user.devices.flatMap((device) =>
      [...user.accepted.keys()].filter((runId) => !device.knowsEnd(runId)).map(() => device.name),
    ),
  );
  const starting = await Promise.all(
    slots.map(async (slot) => ((await Promise.race([slot.ready, sleep(50, false)])) ? '' : slot.name)),
  );
  return [
    ...left.map(([what, count]) => `${count} ${what.replaceAll('_', ' ')}`),
    ...(unknown.length > 0 ? [`${unknown.length} ends that a device does not know`] : []),
    ...starting.filter((name) => name !== '').map((name) => `${name} is not ready`),
  ];
}
