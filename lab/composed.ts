/**
 * `node lab/composed.ts`: runs what docker-compose.yml describes where no container engine runs: each service as a process with
 * its own address in a network of its own, under compose's names, environment and commands, with deploy's nginx, roles, Redis
 * and monitoring. Then asks it from outside. Needs root, PostgreSQL, Redis, nginx, Prometheus and docker-compose.
 *   EXPORTERS=DIR   starts the exporters in DIR too
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkComposed } from './composed/checks.ts';
import { startComposed } from './composed/services.ts';

if (process.argv[2] === '--inside') await inside(process.argv[3] ?? '');
else {
  const folder = mkdtempSync(join(tmpdir(), 'parley-composed-'));
  // All processes end with the first one of their namespace.
  const script = `ip link set lo up && exec "$@"`;
  const own = ['-mn', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh'];
  const child = spawn('unshare', [...own, process.execPath, import.meta.filename, '--inside', folder], {
    stdio: 'inherit',
  });
  child.on('exit', (code) => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(code ?? 1);
  });
}

async function inside(folder: string): Promise<void> {
  execFileSync('chmod', ['755', folder]);
  try {
    const composed = await startComposed(folder);
    for (const line of await checkComposed(composed)) console.log(`composed: ${line}`);
  } catch (error) {
    console.error(`composed: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
  process.exit(0);
}
