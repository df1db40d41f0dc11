import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Puts code under control. An actor's call to Postgres, Redis or the provider waits as a step until the explorer
 * performs it; its timers wait until the explorer fires them. Between two steps an actor runs as in production,
 * so every order of steps is an order that processes could have had.
 */
export type Answer = 'given' | 'refused' | 'unanswered';
export type Step = {
  actor: Actor;
  label: string;
  /** 'dull' steps run at once; races are tried between 'sql' steps. */
  kind: 'sql' | 'redis' | 'provider' | 'dull';
  bindings: Record<string, unknown>;
  perform: () => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (err: unknown) => void;
};
type Asked = Pick<Step, 'label' | 'kind'> & Partial<Pick<Step, 'bindings'>>;
type Timer = { due: number; fire: () => void };

/** A process or one request: it dies as a whole. */
export class Actor {
  readonly name: string;
  readonly steps: Step[] = [];
  readonly timers = new Map<object, Timer>();
  dead = false;

  constructor(name: string) {
    this.name = name;
  }

  run<T>(begin: () => T): T {
    return actors.run(this, begin);
  }

  /** Fires the timer that is due first, even if it is late. */
  fireNext(): void {
    const [next] = [...this.timers].toSorted(([, a], [, b]) => a.due - b.due);
    if (next === undefined) return;
    const [handle, { due, fire }] = next;
    this.timers.delete(handle);
    clock.now = Math.max(clock.now, due);
    this.run(fire);
  }

  /** Ends the actor at its current awaits: nothing it asks for happens any more. */
  async die(): Promise<void> {
    this.dead = true;
    for (let round = 0; round < 50 && (this.steps.length > 0 || this.timers.size > 0 || round < 2); round++) {
      for (const step of this.steps.splice(0)) step.reject(new Error('dead'));
      await quiet();
      this.fireNext();
      await quiet();
    }
  }
}

const actors = new AsyncLocalStorage<Actor>();
export const currentActor = (): Actor | undefined => actors.getStore();
/** The actors' time, in milliseconds. */
export const clock = { now: 0 };

/** Makes an actor's call wait for the explorer; serves other code at once. */
export function asked<T>(what: Asked, perform: () => Promise<T>): Promise<T> {
  const actor = currentActor();
  if (actor === undefined) return perform();
  if (actor.dead) return Promise.reject(new Error('dead'));
  return new Promise<T>((resolve, reject) => {
    const step = { bindings: {}, ...what, actor, perform, resolve: resolve as Step['resolve'], reject };
    actor.steps.push(step);
  });
}

/** Performs a step and gives its actor the answer. Resolves when the actor has reached its next step. */
export async function perform(step: Step, answer: Answer = 'given'): Promise<void> {
  withdraw(step);
  try {
    const value = answer === 'refused' ? undefined : await step.perform();
    if (answer === 'given') step.resolve(value);
    else step.reject(Object.assign(new Error('connection lost'), { code: 'ECONNRESET' }));
  } catch (err) {
    step.reject(err);
    if (step.kind !== 'provider') throw err;
  } finally {
    await quiet();
  }
}

export function withdraw(step: Step): void {
  const { steps } = step.actor;
  const at = steps.indexOf(step);
  if (at >= 0) steps.splice(at, 1);
}

/** Resolves when every actor waits at a step or a timer, or has ended: only microtasks run in between. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
