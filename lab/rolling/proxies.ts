import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const PROXIES = ['nginx', 'haproxy'] as const;
export type ProxyName = (typeof PROXIES)[number];
export type RunningProxy = { version: string; stop: () => Promise<void> };

/**
 * Starts a real proxy with its configuration from deploy/. Replaces only addresses and ports.
 * @param port of the proxy, on 127.0.0.1
 * @param replicas the ports of web-1, web-2
 * @throws Error when the proxy is not installed or does not answer
 */
export async function startProxy(name: ProxyName, port: number, replicas: number[]): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), `parley-${name}-`));
  const { file, args, version } = COMMANDS[name](folder);
  let config = readFileSync(`deploy/${file}`, 'utf8').replace(/(listen|bind :?)\s*80\b/, (_, word: string) =>
    word === 'listen' ? `listen 127.0.0.1:${port}` : `bind 127.0.0.1:${port}`,
  );
  for (const [i, replica] of replicas.entries())
    config = config.replaceAll(`web-${i + 1}:8000`, `127.0.0.1:${replica}`);
  writeFileSync(join(folder, file), config);
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  await answers(child, port);
  return {
    version: await output(name, version),
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}

const COMMANDS: Record<ProxyName, (folder: string) => { file: string; args: string[]; version: string[] }> = {
  nginx: (folder) => ({
    file: 'nginx.conf',
    args: ['-p', folder, '-c', 'nginx.conf', '-g', `daemon off; pid ${folder}/pid; error_log ${folder}/log;`],
    version: ['-v'],
  }),
  haproxy: (folder) => ({
    file: 'haproxy.cfg',
    args: ['-db', '-f', join(folder, 'haproxy.cfg')],
    version: ['-v'],
  }),
};

async function answers(child: ChildProcess, port: number): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until && child.exitCode === null; await sleep(50)) {
    const answer = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined);
    if (answer?.ok) return;
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnfile} does not answer`);
}

/** The number in what `command` says of its version. */
async function output(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  await once(child, 'close');
  return `${command} ${/\d+\.\d+\.\d+/.exec(text)?.[0] ?? ''}`;
}
