/**
 * `node lab/imageTries.ts ROOT`: runs an unpacked image by chroot, read-only and as uid 1000: /readyz, /, one answered message, and
 * no file that had to be compiled first.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { startGround } from './kit/ground.ts';
import { SMALL_HEAP } from '../scripts/services/compileCache.ts';
import { freePort } from '../scripts/services/ports.ts';
import { commandOf } from '../scripts/services/procfile.ts';

const [root = ''] = process.argv.slice(2);
const READY_WITHIN_MS = 120_000;
/** What undici loads at its first call, and nothing that only loads it. */
const AT_FIRST_CALL = 'undici/lib/llhttp/llhttp_simd-wasm.js';

const ground = await startGround(null);
const port = await freePort();
const env = {
  ...ground.env,
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  NODE_ENV: 'production',
  NODE_OPTIONS: SMALL_HEAP,
  HOME: '/tmp',
  PORT: String(port),
  LOG_LEVEL: 'info',
  NODE_COMPILE_CACHE: '/app/.compiled',
  NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
};
const running: ChildProcess[] = [];
let said = '';
/** What each process wrote to stderr. */
const warned: string[] = [];
try {
  const migrated = spawnSync('unshare', inside(['node', 'scripts/migrate.ts']), {
    env: { ...env, NODE_DEBUG_NATIVE: '' },
    stdio: 'inherit',
  });
  if (migrated.status !== 0) throw new Error('the migrations failed');
  // With the Procfile's flags of V8, as compose and Kubernetes start them: for some flags Node looks in a folder of their own.
  for (const type of ['web', 'moderation context completion housekeeping'])
    start(commandOf(type, join(root, 'app')).split(' '));
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
  const loaded = warned
    .join('')
    .matchAll(/(?:no transpile cache|V8 code cache) for \S+ (\S+)(?: was (\w+).*)?\n/g)
    .toArray();
  const missed = loaded
    .filter(([, file = '', how]) => how !== 'accepted' && !file.endsWith(AT_FIRST_CALL))
    .map(([, file]) => file);
  if (loaded.length === 0 || missed.length > 0)
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
  const own = warned.push('') - 1;
  child.stderr.on('data', (chunk) => (warned[own] += chunk));
  running.push(child);
}

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end; await sleep(200))
    if (await holds()) return;
  throw new Error(otherwise);
}
