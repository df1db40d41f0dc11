import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LabUser, makeUsers } from '../../kit/users.ts';
import { post } from '../load.ts';
import type { Measured } from '../report.ts';
import type { Child, Ground } from '../../kit/ground.ts';

/** Messages of the accounts, and words of a message, as long as a short answer. */
const [FEW, SOME, MANY, WORDS] = [10, 50_000, 200_000, 20];

type Taken = { worker: number; web: number; archive: number };

/** Measures the peak memory of the processes that write and serve an export of many messages (ours), and of fewer (the floor). */
export async function exportMemory(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const users = await makeUsers(ground, 3);
  const sizes = [FEW, SOME, MANY];
  for (const [i, { id }] of users.entries()) await write(ground, id, sizes[i] ?? 0);
  return async () => {
    const taken: Taken[] = [];
    for (const user of users) taken.push(await exported(ground, user));
    const [few, some, many] = taken as [Taken, Taken, Taken];
    console.error(`exports: archives of ${taken.map(({ archive }) => mib(archive)).join(', ')} MiB`);
    const line = (process: 'worker' | 'web', count: number, floors: number): Measured => ({
      figure: `peak memory of ${process}, export of ${MANY} messages`,
      unit: 'MiB',
      loop: 'once',
      floor: `${count} messages`,
      aim: count === SOME ? '≤ 1.1' : '≤ 2',
      ours: mib(many[process]),
      floors: mib(floors),
    });
    return [
      line('worker', FEW, few.worker),
      line('web', FEW, few.web),
      { ...line('worker', SOME, some.worker), figure: `the same of worker, beside ${SOME} messages` },
      { ...line('web', SOME, some.web), figure: `the same of web, beside ${SOME} messages` },
    ];
  };
}

/**
 * A heap that is hardly larger than what the processes need at rest: without it, V8 leaves garbage of a long export for later.
 */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=56' };

/** Has an export written and downloads it. Starts the processes for it, so that their peaks are its own. */
async function exported(ground: Ground, { token }: LabUser): Promise<Taken> {
  const [web, worker] = [await ground.startType('web', HEAP), await ground.startType('housekeeping', HEAP)];
  const { id } = await post<{ id: number }>(web.port, '/api/v1/users/me/export', {}, token);
  const ask = (path = '') =>
    fetch(`http://127.0.0.1:${web.port}/api/v1/users/me/exports/${id}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  for (let status = ''; status !== 'ready'; await sleep(100)) {
    ({ status } = (await (await ask()).json()) as { status: string });
    if (status === 'failed') throw new Error('the export failed');
  }
  let archive = 0;
  for await (const bytes of (await ask('/archive')).body ?? []) archive += bytes.length;
  const taken = { worker: peakOf(worker), web: peakOf(web), archive };
  await Promise.all([web.stop(), worker.stop()]);
  return taken;
}

/** Returns the greatest resident memory so far, in bytes. */
function peakOf({ process }: Child): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

function mib(bytes: number): number {
  return Math.round((bytes / 1_048_576) * 10) / 10;
}

async function write(ground: Ground, user: number, count: number): Promise<void> {
  await ground.query(
    `WITH begun AS (INSERT INTO conversations (user_id) VALUES ($1) RETURNING id)
     INSERT INTO messages (conversation_id, user_id, message_type, content, status)
     SELECT begun.id, $1, 'user', (SELECT string_agg('word' || (n * word) % 500, ' ') FROM generate_series(1, ${WORDS}) AS word), 'sent'
     FROM begun CROSS JOIN generate_series(1, $2::int) AS n`,
    [user, count],
  );
}
