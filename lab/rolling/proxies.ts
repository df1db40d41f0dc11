import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/services/ports.ts';
import { ask } from '../kit/traffic.ts';

export const PROXIES = ['nginx', 'haproxy'] as const;
export type ProxyName = (typeof PROXIES)[number];
export type RunningProxy = { version: string; url: string; stop: () => Promise<void> };

type Prepared = { file: string; config: string; args: string[] };

/**
 * Starts a real proxy with its configuration from deploy/. Replaces only addresses, ports and folders; nginx speaks TLS with a
 * certificate that deploy/prepare.sh makes.
 * @param replicas the ports of web-a, web-b
 * @throws Error when the proxy is not installed or does not answer
 */
export async function startProxy(name: ProxyName, replicas: number[]): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), `parley-${name}-`));
  const port = await freePort();
  const { file, args, config } = await PREPARE[name](folder, port);
  writeFileSync(join(folder, file), pointedAt(config, replicas));
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const url = `${name === 'nginx' ? 'https' : 'http'}://127.0.0.1:${port}`;
  await answers(child, url);
  return {
    version: await versionOf(name),
    url,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}

const PREPARE: Record<ProxyName, (folder: string, port: number) => Promise<Prepared>> = {
  nginx: async (folder, port) => {
    makeCertificate(folder);
    const own = readFileSync('deploy/nginx/own.conf', 'utf8').replaceAll('/certificates/', `${folder}/`);
    writeFileSync(join(folder, 'tls.conf'), own);
    const plain = await freePort();
    const config = readFileSync('deploy/nginx/nginx.conf', 'utf8')
      .replaceAll(' /tmp/', ` ${folder}/`)
      .replaceAll(/\blisten 8080\b/g, `listen 127.0.0.1:${plain}`)
      .replaceAll(/\blisten 8443\b/g, `listen 127.0.0.1:${port}`);
    return { file: 'nginx.conf', config, args: ['-p', folder, '-c', 'nginx.conf', '-g', 'daemon off;'] };
  },
  haproxy: async (folder, port) => ({
    file: 'haproxy.cfg',
    config: readFileSync('deploy/haproxy.cfg', 'utf8').replace(/bind :80\b/, `bind 127.0.0.1:${port}`),
    args: ['-db', '-f', join(folder, 'haproxy.cfg')],
  }),
};

function makeCertificate(folder: string): void {
  // nginx reads the key as root before its workers become somebody else.
  const me = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  mkdirSync(join(folder, 'backups'));
  const env = { CERTIFICATES: folder, BACKUPS: join(folder, 'backups'), SERVER_NAME: 'localhost' };
  execFileSync('bash', ['deploy/prepare.sh'], {
    env: { ...process.env, ...env, NGINX_USER: me, BACKUP_USER: me },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function pointedAt(config: string, replicas: number[]): string {
  return ['web-a', 'web-b'].reduce(
    (text, name, i) => text.replaceAll(`${name}:8000`, `127.0.0.1:${replicas[i]}`),
    config,
  );
}

async function answers(child: ChildProcess, url: string): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until && child.exitCode === null; await sleep(50))
    if ((await ask(`${url}/livez`, {})) === '200') return;
  child.kill('SIGKILL');
  throw new Error(`${child.spawnfile} does not answer`);
}

/** The name of a command and the number in what it says of its version. */
async function versionOf(command: string): Promise<string> {
  const child = spawn(command, ['-v'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  await once(child, 'close');
  return `${command} ${/\d+\.\d+\.\d+/.exec(text)?.[0] ?? ''}`;
}
