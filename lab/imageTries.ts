/**
 * `node lab/imageTries.ts ROOT`: runs an unpacked image by chroot, read-only and as uid 1000: /readyz, /, one answered message, and
 * no file that had to be compiled first.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGround } from './kit/ground.ts';
import { freePort } from '../scripts/services/ports.ts';

const [root = ''] = process.argv.slice(2);
const READY_WITHIN_MS = 120_000;

const ground = await startGround(null);
const port = await freePort();
const env = {
  ...ground.env,
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  NODE_ENV: 'production',
  HOME: '/tmp',
  PORT: String(port),
  LOG_LEVEL: 'info',
  NODE_COMPILE_CACHE: '/app/.compiled',
  NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
};
const running: ChildProcess[] = [];
let [said, warned] = ['', ''];
try {
  const migrated = spawnSync('unshare', inside(['node', 'scripts/migrate.ts']), {
    env: { ...env, NODE_DEBUG_NATIVE: '' },
    stdio: 'inherit',
  });
  if (migrated.status !== 0) throw new Error('the migrations failed');
  const types = ['moderation', 'context', 'completion', 'housekeeping'];
  start(['node', 'api/server.ts']);
  start(['node', 'workers/run.ts', ...types]);
  const url = `http://127.0.0.1:${port}`;
  await until(
    async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200,
    '/readyz is not 200',
  );
  const page = await fetch(url);
  if (page.status !== 200 || !(await page.text()).includes('<script')) throw new Error('/ shows no page');
  const [status] = await once(spawn('deploy/smoke.sh', [url], { stdio: 'inherit' }), 'exit');
  if (status !== 0) {
    const ended = await ground.query(
      'SELECT status, error_code, error_message, attempt, created_at, completed_at FROM runs',
    );
    throw new Error(`a message was not answered: ${JSON.stringify(ended)}; ${said.slice(-2_000)}`);
  }
  const compiled = [...warned.matchAll(/(retrieving|no) transpile cache for StrippedTypeScript (\S+)/g)];
  const missed = compiled.filter(([, found]) => found === 'no').map(([, , file]) => file);
  if (compiled.length === 0 || missed.length > 0)
    throw new Error(`${missed.length} files were not compiled before: ${missed.slice(0, 3)}`);
  console.log(
    'image: ready, read-only, as uid 1000, compiled before; / shows the page; a message was answered',
  );
} catch (error) {
  console.error(`image: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  for (const one of running) one.kill('SIGTERM');
  await ground.stop();
}

/** The arguments of unshare: mounts of its own, the root read-only but for /tmp, and no right of root. */
function inside(command: string[]): string[] {
  const script = `mount --bind "$0" "$0" && mount -t tmpfs tmpfs "$0/tmp" && mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && mount -o remount,bind,ro "$0" && exec chroot --userspec=1000:1000 "$0" sh -c 'cd /app && exec "$@"' sh "$@"`;
  return ['-m', 'sh', '-c', script, root, ...command];
}

function start(command: string[]): void {
  const child = spawn('unshare', inside(command), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (warned += chunk));
  running.push(child);
}

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end; await sleep(200))
    if (await holds()) return;
  throw new Error(otherwise);
}
