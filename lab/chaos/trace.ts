/**
 * Preloaded (`--import`) into every process of a chaos round. Logs which run passes which point, so that the round knows
 * the runs that a fault hit. Kills no process.
 */
import { writeSync } from 'node:fs';
import { HOOK, type KillPointHook } from '../../shared/ops/killpoint.ts';

const hook: KillPointHook = (point, run_id) => {
  // A line for every piece of text would be too much.
  if (point.startsWith('completion.show')) return;
  try {
    // Synchronous: a killed process would lose a buffered line.
    writeSync(2, `${JSON.stringify({ time: Date.now(), msg: 'point', point, run_id })}\n`);
  } catch {
    // The pipe is full or closed: drop the line.
  }
};
Object.assign(globalThis, { [HOOK]: hook });
