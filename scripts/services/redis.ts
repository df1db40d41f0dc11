import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from './database.ts';
import { freePort } from './ports.ts';

/** Runs its arguments and ends them when stdin closes, which it does even when SIGKILL ends the parent. */
const LEASH = 'exec 3<&0; "$@" </dev/null & pid=$!; (cat <&3 >/dev/null; kill $pid 2>/dev/null) & wait $pid';

/**
 * Starts a private Redis on 127.0.0.1, on the wanted port or any free one, which ends with this process. Resolves
 * when it answers. Installs redis-server first where it is missing.
 * @param folder the folder of the append-only file; undefined: Redis keeps nothing
 * @param settings further arguments, which win
 * @throws Error with one line that says what to do
 */
export async function startRedis(folder?: string, wanted = 0, settings: string[] = []): Promise<Service> {
  const binary = findRedis() ?? installRedis();
  if (folder) mkdirSync(folder, { recursive: true });
  const keep = folder ? ['--dir', folder, '--appendonly', 'yes'] : ['--dir', tmpdir(), '--appendonly', 'no'];
  for (let tries = 0; tries < 3; tries++) {
    const port = await freePort(wanted);
    const service = await run(binary, port, [...keep, ...settings]);
    if (service) return service;
  }
  throw new Error(`Redis did not start; try: ${binary} --port 0 ${keep.join(' ')}`);
}

async function run(binary: string, port: number, keep: string[]): Promise<Service | undefined> {
  const fixed = [
    '--bind',
    '127.0.0.1',
    '--maxmemory-policy',
    'noeviction',
    '--save',
    '',
    '--loglevel',
    'warning',
  ];
  // A session of its own: a terminal's Ctrl-C must not end Redis before the processes that drain into it.
  const child = spawn('sh', ['-c', LEASH, 'sh', binary, '--port', String(port), ...fixed, ...keep], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  while (!(await answers(port))) {
    if (child.exitCode !== null) return undefined;
    await sleep(20);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
    onExit: (tell) => void exited.then(tell),
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      // Redis answers -LOADING while it loads its file.
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
    socket.setTimeout(500, () => socket.destroy());
    socket.once('close', () => resolve(false));
  });
}

function findRedis(): string | undefined {
  const candidates = [
    'redis-server',
    '/usr/bin/redis-server',
    '/usr/local/bin/redis-server',
    '/opt/homebrew/bin/redis-server',
  ];
  return candidates.find((candidate) => works(candidate, '--version'));
}

function installRedis(): string {
  if (process.getuid?.() === 0 && works('apt-get', '--version')) {
    console.error('Installing redis-server (apt-get) ...');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    for (const step of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']])
      execFileSync('apt-get', ['-qq', ...step], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  } else if (works('brew', '--version')) {
    console.error('Installing redis (brew) ...');
    execFileSync('brew', ['install', '--quiet', 'redis'], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const binary = findRedis();
  if (binary) return binary;
  throw new Error('Redis is missing: install redis-server 7 or newer, or set REDIS_URL');
}

function works(command: string, argument: string): boolean {
  try {
    execFileSync(command, [argument], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
