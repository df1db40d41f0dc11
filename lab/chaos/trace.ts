/**
 * Preloaded (`--import`) into every process of a chaos round: says which run passes which point, so that the round
 * knows which runs a fault has hit, and what happened to one that went wrong. Nothing dies of it.
 */
import { writeSync } from 'node:fs';
import { HOOK, type KillPointHook } from '../../shared/ops/killpoint.ts';

const hook: KillPointHook = (point, run_id) => {
  // Once for every piece of text would be too much.
  if (point.startsWith('completion.show')) return;
  try {
    // Synchronous: a buffered line would die with the process.
    writeSync(2, `${JSON.stringify({ time: Date.now(), msg: 'point', point, run_id })}\n`);
  } catch {
    // The pipe is full or gone; a line less.
  }
};
Object.assign(globalThis, { [HOOK]: hook });
