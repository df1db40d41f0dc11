import { row } from '../../db/sql.ts';
import { wanting } from './explore.ts';
import type { World } from './world.ts';

/** Far more turns than any life needs: a longer life loops. */
const LIMIT = 600;

/** Lets everything go on fairly and without mishap until nothing is left to do; then also the paused actors. */
export async function comeToRest(world: World): Promise<void> {
  await world.act('no more mishaps', () => world.device.reconnect());
  await untilIdle(world);
  if (world.frozen.size === 0) return;
  await world.act('what was paused goes on', () => world.frozen.clear());
  await untilIdle(world);
}

async function untilIdle(world: World): Promise<void> {
  const { requests, deliveries, workers, frozen } = world;
  requests.lookAgain();
  let idleLooks = 0;
  for (let turn = 0; turn < LIMIT; turn++) {
    const { steps } = world;
    const step = steps[turn % Math.max(1, steps.length)];
    const [job] = deliveries.in('waiting');
    const free = workers.find((worker) => worker.job === null);
    const busy = workers.filter(({ job }) => job !== null).map(({ actor }) => actor);
    const ticking = [...requests.actors, ...busy].find(
      (actor) => actor.timers.size > 0 && !frozen.has(actor),
    );
    const unanswered = requests.posts.findIndex(
      ({ runId, refused, stands }) => runId === null && refused === null && !stands,
    );
    const [resume] = wanting(world);

    if (step) await world.step(step);
    else if (job && free) await world.act(`${free.name} takes ${job.id}`, () => free.take(job));
    else if (ticking) await world.act(`a timer of ${ticking.name}`, () => ticking.fireNext());
    else if (unanswered >= 0) await world.act('the client posts again', () => requests.repeat(unanswered));
    else if (deliveries.in('resting').length > 0) await timePasses(world);
    else if (resume) await resume.act();
    else if (
      requests.found !== null &&
      requests.found.delivered + requests.found.announced + requests.found.told === 0
    ) {
      if (!(await owes(world.userId))) return;
      if (++idleLooks > 3) return void world.wrongs.push('work is left, and nobody does it');
      requests.lookAgain();
      await timePasses(world);
    } else await world.act('the reconciler begins', () => requests.reconcile());
  }
  world.wrongs.push('it never comes to rest');
}

/** Lets time pass. Nobody works, so every lease is a dead worker's. */
async function timePasses(world: World): Promise<void> {
  await world.act('leases run out', () => world.expireLeases());
  await world.act('what rests is due', () => world.wake());
}

async function owes(userId: number): Promise<boolean> {
  const owed = await row<{ owed: boolean }>(
    'SELECT count(*) > 0 AS owed FROM runs WHERE user_id = :userId AND announced_at IS NULL',
    { userId },
  );
  return owed?.owed === true;
}
