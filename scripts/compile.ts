/**
 * `node scripts/compile.ts`, while the image is built: loads once what its processes load, so that Node keeps in
 * NODE_COMPILE_CACHE what it compiled. They then need nothing that reads TypeScript. @throws Error for a file that does not load
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';

/** They start what they name, so each runs by itself. Without settings it ends once its imports are loaded. */
const PROGRAMS = [
  'api/server.ts',
  'workers/run.ts',
  'scripts/migrate.ts',
  'scripts/health.ts',
  'scripts/backup.ts',
];
for (const file of PROGRAMS) spawnSync(process.execPath, [file], { stdio: 'ignore', timeout: 60_000 });

for (const file of globSync('{api,workers,shared,db}/**/*.ts', { exclude: ['**/*.d.ts'] }))
  if (!PROGRAMS.includes(file)) await import(resolve(file));
// What was loaded would go on dialling its stores.
process.exit();
