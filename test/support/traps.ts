import type { KillPoint } from '../../shared/ops/killpoint.ts';
import type { LogLine, Process } from '../../lab/kit/processes.ts';

type Trap = 'KILL_AT' | 'STOP_AT' | 'BLOCK_AT';

/**
 * Returns the environment of a process with a trap; see killpoints.ts.
 * @param at the point; `n` is the pass
 * @param ms for BLOCK_AT: how long the event loop blocks
 */
export function trapped(trap: Trap, at: KillPoint, n = 1, ms = 0): Record<string, string> {
  return {
    [trap]: `${at}:${n}:${ms}`,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ./test/support/killpoints.ts`,
  };
}

/** Resolves to the run in which a process met its trap; rejects after 40 s. */
export async function fell(victim: Process): Promise<number> {
  const into = ({ msg }: LogLine) => msg === 'trapped';
  const until = Date.now() + 40_000;
  while (Date.now() < until) {
    const line = victim.logs.find(into);
    if (line) return Number(line.run_id);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${victim.type} never came to its trap: ${JSON.stringify(victim.logs.slice(-5))}`);
}
