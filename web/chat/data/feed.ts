import type { Parley } from '../../sdk/parley.ts';

/** Tells views that a run has changed, once a frame however many events came. */
export class RunFeed {
  readonly #parley: Parley;
  readonly #listeners = new Map<number, Set<() => void>>();
  readonly #dirty = new Set<number>();

  constructor(parley: Parley) {
    this.#parley = parley;
    parley.on('run', ({ event }) => this.#mark(event.data.run_id));
  }

  subscribe(runId: number, listener: () => void): () => void {
    const set = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#listeners.get(runId) === set) this.#listeners.delete(runId);
    };
  }

  text(runId: number): string | undefined {
    return this.#parley.runs.views.get(runId)?.text;
  }

  #mark(runId: number): void {
    if (this.#dirty.size === 0) requestAnimationFrame(() => this.#tell());
    this.#dirty.add(runId);
  }

  #tell(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const runId of dirty) for (const listener of this.#listeners.get(runId) ?? []) listener();
  }
}
