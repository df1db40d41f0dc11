/**
 * `node scripts/compile.ts`, while the image is built: loads once what its processes load, so that Node keeps in
 * NODE_COMPILE_CACHE what it compiled. They then need nothing that reads TypeScript. @throws Error for a file that does not load
 */
import { spawnSync } from 'node:child_process';
import { loadEverything } from './services/everything.ts';

/** They start what they name, so each runs by itself. Without settings it ends once its imports are loaded. */
const PROGRAMS = [
  'api/server.ts',
  'workers/run.ts',
  'scripts/migrate.ts',
  'scripts/health.ts',
  'scripts/backup.ts',
];
/** A frame of a stack. A program that loads says in one line which setting it lacks. */
const STACK = /^ {4}at /m;

for (const file of PROGRAMS) {
  const { signal, error, stderr } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
  });
  // What a signal ends keeps nothing.
  if (signal || error || STACK.test(stderr))
    throw new Error(`${file} does not load: ${error ?? signal ?? stderr}`);
}
await loadEverything(PROGRAMS);
// What was loaded would go on dialling its stores.
process.exit();
