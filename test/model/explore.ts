import { TROUBLES, troubled } from './provider.ts';
import type { Step } from './control.ts';
import type { World } from './world.ts';

/** How often each mishap or request may happen in one life. */
export type Bounds = {
  posts: number;
  repeats: number;
  interrupts: number;
  coalesces: number;
  cancels: number;
  deletes: number;
  crashes: number;
  wipes: number;
  expiries: number;
  stalls: number;
  pauses: number;
  drains: number;
  faults: number;
  drops: number;
  races: number;
};
export type Option = { label: string; act: () => Promise<void> };

/** What goes on by itself: waiting steps, and jobs for free workers. */
export function progress(world: World): Option[] {
  return [
    ...world.steps.map((step) => ({ label: step.label, act: () => world.step(step) })),
    ...world.workers
      .filter(({ job }) => job === null)
      .flatMap((worker) =>
        world.deliveries
          .in('waiting')
          .map((job) => plain(world, `${worker.name} takes ${job.id}`, () => worker.take(job))),
      ),
  ];
}

/** Pairs of waiting statements of different actors, which may run at the same time. */
export function races(world: World, left: Bounds): Option[] {
  if (left.races === 0) return [];
  const sql = world.steps.filter(({ kind }) => kind === 'sql');
  const pairs = sql.flatMap((a) => sql.filter((b) => a.actor !== b.actor).map((b) => [a, b] as const));
  const race = (a: Step, b: Step) => {
    left.races--;
    return world.race(a, b);
  };
  return pairs.map(([a, b]) => ({ label: 'a race', act: () => race(a, b) }));
}

/** Everything else that may happen within the bounds; each use lowers its bound. */
export function happenings(world: World, left: Bounds): Option[] {
  const { requests, device, workers, deliveries, frozen } = world;
  const bounded = (bound: keyof Bounds, label: string, act: () => unknown): Option[] => {
    const spent = () => {
      left[bound]--;
      return act();
    };
    return left[bound] > 0 ? [plain(world, label, spent)] : [];
  };
  const acting = (bound: keyof Bounds, label: string, act: () => Promise<void>): Option[] => {
    const spent = () => {
      left[bound]--;
      return act();
    };
    return left[bound] > 0 ? [{ label, act: spent }] : [];
  };
  const known = requests.conversationId !== null;
  const busy = workers.filter(({ job }) => job !== null);
  const [first] = world.steps;
  return [
    ...(known ? bounded('posts', 'a post', () => requests.post('enqueue')) : []),
    ...(known ? bounded('interrupts', 'a post that interrupts', () => requests.post('interrupt')) : []),
    ...(known ? bounded('coalesces', 'a post that may join', () => requests.post('coalesce')) : []),
    ...requests.posts.flatMap((post, i) =>
      bounded('repeats', `again "${post.key}"`, () => requests.repeat(i)),
    ),
    ...[...device.runs.keys()].flatMap((id) => bounded('cancels', `cancel ${id}`, () => requests.cancel(id))),
    ...(known && !requests.deleted ? bounded('deletes', 'delete', () => requests.delete()) : []),
    ...busy.flatMap((worker) => bounded('crashes', `${worker.name} dies`, () => world.kill(worker))),
    ...requests.actors.flatMap((actor) => bounded('crashes', `${actor.name} dies`, () => actor.die())),
    ...bounded('wipes', 'Redis is emptied', () => world.wipe()),
    ...(busy.length > 0 ? bounded('expiries', 'leases run out', () => world.expireLeases()) : []),
    ...busy.flatMap((worker) => bounded('stalls', `${worker.name} stalls`, () => worker.stall())),
    ...busy
      .filter(() => workers.every(({ actor }) => !frozen.has(actor)))
      .flatMap((worker) => bounded('pauses', `${worker.name} is paused`, () => world.pause(worker))),
    ...requests.actors
      .filter((actor) => !frozen.has(actor))
      .flatMap((actor) => bounded('pauses', `${actor.name} is paused`, () => frozen.add(actor))),
    ...[...frozen].map((actor) => plain(world, `${actor.name} goes on`, () => frozen.delete(actor))),
    ...busy.flatMap((worker) => bounded('drains', `${worker.name} drains`, () => worker.drain())),
    ...world.actors
      .filter((actor) => actor.timers.size > 0 && !frozen.has(actor))
      .map((actor) => plain(world, `a timer of ${actor.name}`, () => actor.fireNext())),
    ...(first ? faultsOf(first).flatMap(([label, act]) => acting('faults', label, act)) : []),
    ...(requests.has('reconciler')
      ? []
      : [plain(world, 'the reconciler begins', () => requests.reconcile())]),
    ...(deliveries.in('resting').length > 0 ? [plain(world, 'what rests is due', () => world.wake())] : []),
    ...(device.online ? bounded('drops', 'the device is cut off', () => device.drop()) : []),
    ...(device.online ? [] : [plain(world, 'the device is back', () => device.reconnect())]),
    ...wanting(world),
  ];

  function faultsOf(step: Step): [string, () => Promise<void>][] {
    if (step.kind === 'provider') {
      return TROUBLES.map((trouble) => [
        trouble,
        () => world.act(`${step.actor.name}: ${trouble}`, () => troubled(step, trouble)),
      ]);
    }
    return (['refused', 'unanswered'] as const).map((answer) => [answer, () => world.step(step, answer)]);
  }
}

/** Resumes for the gaps that the device has noticed. */
export function wanting(world: World): Option[] {
  const { device, requests } = world;
  if (!device.online) return [];
  return [...device.runs]
    .filter(([id, run]) => run.wants && !requests.has(`resume ${id}`))
    .map(([id]) => plain(world, `resume ${id}`, () => requests.resume(id)));
}

function plain(world: World, label: string, act: () => unknown): Option {
  return { label, act: () => world.act(label, act) };
}
