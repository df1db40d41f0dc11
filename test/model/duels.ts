import type { Step } from './control.ts';
import { progress } from './explore.ts';
import { troubled } from './provider.ts';
import type { World } from './world.ts';

/** Brings a world with an accepted run to the moment before a statement, and returns that statement's step. */
export type Contender = (world: World) => Promise<Step>;

/** Statements of the worker that has the run. */
export const WORKER: Record<string, Contender> = {
  claim_run: (world) => until(world, 'claim_run'),
  heartbeat: async (world) => {
    await until(world, 'chunk');
    await tick(world);
    return until(world, 'heartbeat');
  },
  finish_run: (world) => until(world, 'finish_run'),
  release: async (world) => {
    const chunk = await until(world, 'chunk');
    await world.act('unavailable', () => troubled(chunk, 'unavailable'));
    return until(world, 'release');
  },
  reclaim: async (world) => {
    await until(world, 'appendRunLog');
    await world.act('Redis is emptied', () => world.wipe());
    return until(world, 'reclaim');
  },
  'mark announced': (world) => until(world, 'mark announced'),
  'claim by an older delivery': async (world) => {
    await until(world, 'claim_run');
    await world.step(await begun(world, 'accept_message', () => world.requests.post('coalesce')));
    return until(world, 'claim_run');
  },
  'claim over a zombie': async (world) => {
    await zombie(world, await until(world, 'appendRunLog'));
    return until(world, 'claim_run');
  },
  'claim of a cancelled run': async (world) => {
    const step = await until(world, 'appendRunLog');
    await world.step(await begun(world, 'cancel_run', () => world.requests.cancel(firstRun(world))));
    await zombie(world, step);
    return until(world, 'claim_run');
  },
};

/** Statements of others at the same time. */
export const OTHERS: Record<string, Contender> = {
  post: (world) => begun(world, 'accept_message', () => world.requests.post('enqueue')),
  interrupt: (world) => begun(world, 'accept_message', () => world.requests.post('interrupt')),
  coalesce: (world) => begun(world, 'accept_message', () => world.requests.post('coalesce')),
  cancel: (world) => begun(world, 'cancel_run', () => world.requests.cancel(firstRun(world))),
  delete: (world) => begun(world, 'delete_conversation', () => world.requests.delete()),
  handoff: (world) => begun(world, 'hand_over', () => world.requests.handOver()),
  take: (world) => begun(world, 'take_over', () => world.requests.take()),
  redelivery: async (world) => {
    await world.act('Redis is emptied', () => world.wipe());
    await begun(world, 'owed deliveries', () => world.requests.reconcile());
    const next = (): Step | undefined => world.steps.find(({ actor }) => actor.name === 'reconciler');
    for (let step = next(); step !== undefined; step = next()) {
      if (step.label === 'next generation' || step.label === 'find unannounced') return step;
      await world.step(step);
    }
    // Nothing is owed, so any statement of the reconciler will do.
    return begun(world, 'owed deliveries', () => world.requests.reconcile());
  },
};

/** Steps at which a worker is paused for longer than its lease. */
export const ZOMBIE: Record<string, Contender> = {
  openRunLog: (world) => until(world, 'openRunLog'),
  appendRunLog: (world) => until(world, 'appendRunLog'),
  heartbeat: WORKER.heartbeat as Contender,
  reclaim: WORKER.reclaim as Contender,
  release: WORKER.release as Contender,
  finish_run: (world) => until(world, 'finish_run'),
  closeRunLog: (world) => until(world, 'closeRunLog'),
  'mark announced': (world) => until(world, 'mark announced'),
};

/** Pauses the worker that waits at a step; another worker may take its job. */
export async function zombie(world: World, { actor }: Step): Promise<void> {
  const holder = world.workers.find((worker) => worker.actor === actor);
  if (holder) await world.act(`${holder.name} is paused`, () => world.pause(holder));
}

async function begun(world: World, label: string, begin: () => void): Promise<Step> {
  await world.act(label, begin);
  return found(world, label);
}

/** Lets everything go on, oldest step first, then timers, until a step with this label waits. */
async function until(world: World, label: string): Promise<Step> {
  for (let i = 0; i < 60; i++) {
    const step = world.steps.find((one) => one.label === label);
    if (step) return step;
    const [next] = progress(world);
    if (next) await next.act();
    else await tick(world);
  }
  return found(world, label);
}

function found(world: World, label: string): Step {
  const step = world.steps.findLast((one) => one.label === label);
  if (step === undefined) throw new Error(`nobody asks for ${label}:\n${world.trace.join('\n')}`);
  return step;
}

async function tick(world: World): Promise<void> {
  for (const actor of world.actors) await world.act('a timer', () => actor.fireNext());
}

function firstRun({ device }: World): number {
  return [...device.runs.keys()][0] ?? 0;
}
