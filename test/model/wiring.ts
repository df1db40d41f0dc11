import timers from 'node:timers/promises';
import { syncBuiltinESMExports } from 'node:module';
import { way } from '../../db/sql.ts';
import { singleNames } from '../../shared/delivery/jobs.ts';
import { flows, publishWaiting, queues } from '../../shared/delivery/queues.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { marks, marksTogether } from '../../shared/delivery/runs.ts';
import { type Actor, asked, clock, currentActor, type Step } from './control.ts';
import type { Deliveries } from './deliveries.ts';

/** The trace names of the statements that wait as steps; other statements run at once. */
const STATEMENTS: [RegExp, string][] = [
  [/FROM (accept_message|claim_run|finish_run|cancel_run|delete_conversation|hand_over|take_over)\(/, ''],
  [/SET attempt = attempt \+ 1, lease_until/, 'reclaim'],
  [/unnest\(CAST\(:ids AS bigint\[\]\), CAST\(:attempts/, 'heartbeat'],
  [/WITH released AS/, 'release'],
  [/SET announced_at/, 'mark announced'],
  [
    /announced_at IS NULL AND completed_at < |AND announced_at IS NULL\s+AND completed_at </,
    'owed announcements',
  ],
  [/r\.announced_at IS NULL/, 'find unannounced'],
  [/SELECT id AS run_id, generation/, 'owed deliveries'],
  [/SET generation = runs\.generation \+ 1/, 'next generation'],
  [/c\.deleted_at IS NULL/, 'find run'],
];
const SCRIPTS = ['openRunLog', 'appendRunLog', 'closeRunLog'] as const;
const COMMANDS = ['exists', 'set', 'pttl', 'del', 'get', 'takeCounts', 'giveCountsBack', 'publish'] as const;
type Call = (...args: unknown[]) => Promise<unknown>;
type Pipe = { exec: () => Promise<unknown> };

/** Puts an actor's ways out under control: SQL, Redis, queues and time. Returns a function that undoes it. */
export function wire(deliveries: () => Deliveries): () => void {
  const undo = [
    replace(way, 'run', (run) => (sql: string, bindings: Record<string, unknown>, db: unknown) => {
      if (currentActor() === undefined) return run(sql, bindings, db);
      return asked({ ...named(sql), bindings }, async () => run(sql, bindings, db));
    }),
    ...SCRIPTS.map((name) =>
      replace(redis, name, (call) => (...args: unknown[]) => {
        return asked({ label: name, kind: 'redis' }, () => call(...args) as Promise<unknown>);
      }),
    ),
    ...COMMANDS.map((name) =>
      replace(redis, name, (call) => (...args: unknown[]) => {
        return asked({ label: name, kind: 'dull' }, () => call(...args) as Promise<unknown>);
      }),
    ),
    ...(['multi', 'pipeline'] as const).map((name) =>
      replace(redis, name, (call) => (...args: unknown[]) => {
        const pipe = call(...args) as Pipe;
        const exec = pipe.exec.bind(pipe);
        return Object.assign(pipe, { exec: () => asked({ label: name, kind: 'redis' }, exec) });
      }),
    ),
    replace(flows, 'addBulk', () => (flow: { opts: { jobId: string } }[]) => {
      const ids = flow.map(({ opts }) => opts.jobId);
      return asked({ label: `deliver ${ids.join(' ')}`, kind: 'redis' }, () => {
        publishWaiting();
        return deliveries().add(ids);
      });
    }),
    replace(marks, 'add', (add) => (runId: number) => ownMarks(currentActor())?.(runId) ?? add(runId)),
    // The model is about runs. Nobody works these queues here, and what they are owed adds up.
    ...singleNames.map((name) => replace(queues[name], 'add', () => async () => {})),
    ...wireTime(),
  ];
  return () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
}

const marksOf = new WeakMap<Actor, (runId: number) => Promise<void>>();

/** Returns what gathers the marks of an actor. Actors share the modules of this process, and processes share none. */
function ownMarks(actor: Actor | undefined): ((runId: number) => Promise<void>) | undefined {
  if (actor === undefined) return undefined;
  const own = marksOf.get(actor) ?? marksTogether();
  marksOf.set(actor, own);
  return own;
}

/** The key by which the reconciler checks whether a job exists. */
export const jobKey = (id: string): string => queues.completion.toKey(id);

function wireTime(): (() => void)[] {
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const undo = [
    replace(globalThis, 'setTimeout', (real) => (fire: () => void, ms = 0, ...args: unknown[]) => {
      const actor = currentActor();
      if (actor === undefined) return real(fire, ms, ...args);
      const handle = {};
      actor.timers.set(handle, { due: clock.now + ms, fire });
      return handle;
    }),
    replace(globalThis, 'clearTimeout', (real) => (handle: object) => {
      if (!currentActor()?.timers.delete(handle)) real(handle);
    }),
    replace(performance, 'now', (real) => () => (currentActor() ? clock.now : real())),
    replace(timers, 'setTimeout', (real) => (ms: number, value: unknown) => {
      return currentActor() ? sleep(ms) : real(ms, value);
    }),
  ];
  syncBuiltinESMExports();
  return undo;
}

function named(sql: string): Pick<Step, 'label' | 'kind'> {
  const found = STATEMENTS.find(([pattern]) => pattern.test(sql));
  if (found === undefined) return { label: sql.trim().slice(0, 20), kind: 'dull' };
  return { label: found[1] || (found[0].exec(sql)?.[1] ?? ''), kind: 'sql' };
}

/** Replaces a method by one made from it. Returns a function that restores it. */
function replace(owner: object, name: string, make: (real: (...args: unknown[]) => unknown) => unknown) {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const real = (Reflect.get(owner, name) as Call).bind(owner);
  Object.defineProperty(owner, name, { value: make(real), configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(owner, name, own);
    else Reflect.deleteProperty(owner, name);
  };
}
