import { expect } from 'chai';
import fc from 'fast-check';
import { log } from '../../shared/base/log.ts';
import { untilCanEnqueue } from '../../shared/delivery/queues.ts';
import { itNative, onNative } from '../support/native.ts';
import { Deliveries } from './deliveries.ts';
import { type Bounds, happenings, type Option, progress, races } from './explore.ts';
import { wrongsAtRest } from './invariants.ts';
import { type Contender, OTHERS, WORKER, ZOMBIE, zombie } from './duels.ts';
import { buildGate, removeGate } from './race.ts';
import { comeToRest } from './rest.ts';
import { wire } from './wiring.ts';
import { type Instance, loadWorkers } from './workers.ts';
import { World } from './world.ts';

/** How many lives are explored: equally many on every machine, so that results agree. */
const RUNS = Number(process.env.MODEL_RUNS ?? 500);
const SEED = Number(process.env.MODEL_SEED ?? 42);

/** docs/model.md, 4: a worker that claimed first opens its log last, in an emptied Redis. */
const FOUND: [Bounds, number[]] = [
  {
    posts: 1,
    repeats: 1,
    interrupts: 1,
    coalesces: 0,
    cancels: 0,
    deletes: 0,
    crashes: 0,
    wipes: 1,
    expiries: 1,
    stalls: 1,
    pauses: 1,
    drains: 0,
    faults: 1,
    drops: 1,
    races: 1,
  },
  [8, 0, 0, 40, 5676, 4018, 0, 0, 9210, 3750, 0, 0, 0, 0, 0, 3598, 0, 0, 0, 0, 0, 0, 0, 0],
];

describe("a model of a run's life", function () {
  // A failing life is shrunk before it is reported, which takes minutes.
  this.timeout(RUNS > 500 ? 3_600_000 : 300_000);
  let instances: Instance[];
  let deliveries = new Deliveries();
  let unwire = () => {};
  const level = log.level;

  before(async () => {
    if (!onNative) return;
    log.level = process.env.MODEL_LOG ?? 'silent';
    await untilCanEnqueue();
    unwire = wire(() => deliveries);
    instances = await loadWorkers(['1', '2']);
    await buildGate();
  });
  after(async () => {
    log.level = level;
    unwire();
    if (onNative) await removeGate();
  });

  /**
   * Lives one life and lets it come to rest. Returns its number of steps.
   * @throws Error with every violation and the trace
   */
  async function live(life: (world: World) => Promise<void>): Promise<number> {
    deliveries = new Deliveries();
    const world = await World.begin(instances, deliveries);
    try {
      await world.act('a post', () => world.requests.post('enqueue'));
      await life(world);
      await comeToRest(world);
      const wrongs = await wrongsAtRest(world);
      if (wrongs.length > 0) throw new Error(`${wrongs.join('\n')}\n--\n${world.trace.join('\n')}`);
      return world.trace.length;
    } finally {
      await world.end();
    }
  }

  for (const [name, one] of Object.entries({ ...WORKER, ...OTHERS })) {
    itNative(`${name} and every other statement at once keep every promise`, async () => {
      for (const other of Object.values(OTHERS)) {
        for (const duel of [0, 1, 2, 3]) await live((world) => fight(world, one, other, duel));
      }
    });
  }

  for (const [name, about] of Object.entries(ZOMBIE)) {
    itNative(`a worker that wakes at ${name} breaks no promise, however far another has gone`, async () => {
      for (let steps = 0; steps <= 24; steps += 3) await live((world) => comeBack(world, about, steps));
    });
  }

  itNative('keeps every promise in any order of steps and mishaps', async () => {
    let [lives, acts] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        bounds,
        fc.array(fc.nat({ max: 9_999 }), { maxLength: 90, size: 'max' }),
        async (...life) => {
          acts += await live((world) => choose(world, ...life));
          lives++;
        },
      ),
      { seed: SEED, numRuns: RUNS, examples: [FOUND] },
    );
    console.log(`      ${lives} lives, ${acts} steps, seed ${SEED}`);
    expect(lives).to.equal(RUNS);
  });
});

/** Does what the choices select, within the bounds. */
async function choose(world: World, bounds: Bounds, choices: number[]): Promise<void> {
  const left = { ...bounds };
  for (const choice of choices) {
    const going = progress(world);
    const happening = happenings(world, left);
    // Six of ten choices let things go on; 0 always takes the oldest step.
    const kind = choice % 10;
    const wanted = kind < 6 ? going : kind < 8 ? races(world, left) : happening;
    const options = [wanted, going, happening].find(isNotEmpty) ?? [];
    await options[Math.floor(choice / 10) % options.length]?.act();
  }
}

/** Runs two statements at once. `duel` selects which is ahead, and whether another message waits behind the run. */
async function fight(world: World, one: Contender, other: Contender, duel: number): Promise<void> {
  while (world.requests.conversationId === null) await progress(world)[0]?.act();
  if (duel >= 2) await progressOf(world, () => world.requests.post('enqueue'));
  const pair = [await one(world), await other(world)] as const;
  const [first, second] = duel % 2 === 0 ? pair : [pair[1], pair[0]];
  await world.race(first, second);
}

/** Pauses a worker, lets the others do some steps, and lets the worker go on with its pending step. */
async function comeBack(world: World, about: Contender, steps: number): Promise<void> {
  const step = await about(world);
  await zombie(world, step);
  for (let i = 0; i < steps; i++) await progress(world)[0]?.act();
  await world.act(`${step.actor.name} goes on`, () => world.frozen.clear());
  if (step.actor.steps.includes(step)) await world.step(step);
}

/** Begins a request and lets it end. */
async function progressOf(world: World, begin: () => void): Promise<void> {
  await world.act('another post', begin);
  const next = () => world.steps.find(({ actor }) => actor.name === 'post "key 2"');
  for (let step = next(); step !== undefined; step = next()) await world.step(step);
}

const isNotEmpty = (options: Option[]) => options.length > 0;

const bounds: fc.Arbitrary<Bounds> = fc.record({
  posts: fc.nat({ max: 2 }),
  repeats: fc.nat({ max: 1 }),
  interrupts: fc.nat({ max: 1 }),
  coalesces: fc.nat({ max: 3 }),
  cancels: fc.nat({ max: 2 }),
  deletes: fc.nat({ max: 1 }),
  crashes: fc.nat({ max: 3 }),
  wipes: fc.nat({ max: 2 }),
  expiries: fc.nat({ max: 3 }),
  stalls: fc.nat({ max: 2 }),
  pauses: fc.nat({ max: 3 }),
  drains: fc.nat({ max: 1 }),
  faults: fc.nat({ max: 2 }),
  drops: fc.nat({ max: 1 }),
  races: fc.nat({ max: 6 }),
});
