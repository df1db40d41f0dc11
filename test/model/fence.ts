import { rows } from '../../db/sql.ts';
import type { Step } from './control.ts';

type Row = { id: number; attempt: number; row: string };

/** Checks rule 2 of the design: a statement that names an attempt changes nothing once a newer attempt has begun. */
export class Fence {
  readonly #stale: Row[];

  private constructor(stale: Row[]) {
    this.#stale = stale;
  }

  /** Records the runs for which a step comes too late. */
  static async before({ bindings }: Step): Promise<Fence> {
    const attempts = [bindings.attempts ?? bindings.attempt ?? []].flat() as number[];
    const ids = [bindings.ids ?? bindings.runId ?? []].flat() as number[];
    if (attempts.length === 0) return new Fence([]);
    const found = await look(ids);
    return new Fence(found.filter(({ id, attempt }) => attempt > (attempts[ids.indexOf(id)] ?? attempt)));
  }

  async breaches(): Promise<string[]> {
    if (this.#stale.length === 0) return [];
    const now = new Map((await look(this.#stale.map(({ id }) => id))).map((run) => [run.id, run.row]));
    return this.#stale
      .filter(({ id, row }) => now.get(id) !== row)
      .map(({ id, attempt }) => `run ${id}: changed by an attempt before its ${attempt}.`);
  }
}

function look(ids: number[]): Promise<Row[]> {
  return rows(
    `SELECT r.id, r.attempt, r::text || m::text AS row FROM runs r JOIN messages m ON m.id = r.reply_id
     WHERE r.id = ANY (CAST(:ids AS bigint[]))`,
    { ids },
  );
}
