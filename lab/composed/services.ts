import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startProvider } from '../kit/provider.ts';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
/** Fourteen processes start at once, on two cores that may be busy. */
const UP_WITHIN_MS = 240_000;
const SECRETS = ['POSTGRES', 'DATABASE', 'BACKUP', 'REDIS', 'MONITOR', 'GRAFANA'].map(
  (of) => `${of}_PASSWORD`,
);

type Service = { command?: string[]; environment?: Record<string, string | null>; image: string };
type Exporter = { command: string; listen: (at: string) => string[] };

export type Composed = {
  services: Record<string, Service>;
  /** The environment of a service, as compose gives it. */
  env: (name: string) => Record<string, string>;
  folder: string;
  /** Whether the exporters run. */
  exporters: boolean;
};

/** Starts all that docker-compose.yml names, in its order. @throws Error where a service does not get ready */
export async function startComposed(folder: string): Promise<Composed> {
  const services = await read(folder);
  const names = Object.keys(services);
  const at = (name: string) => `127.9.0.${names.indexOf(name) + 1}`;
  writeFileSync(
    join(folder, 'hosts'),
    ['127.0.0.1 localhost', ...names.map((name) => `${at(name)} ${name}`)].join('\n'),
  );
  execFileSync('mount', ['--bind', join(folder, 'hosts'), '/etc/hosts']);
  const provider = await startProvider({ chunkMs: 1 });
  const env = (name: string): Record<string, string> => ({
    PATH: process.env.PATH ?? '',
    HOME: folder,
    ...Object.fromEntries(
      Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [key, value ?? '']),
    ),
    // All share one network, where each has an address; a container has a network of its own.
    HOST: at(name),
    OPENAI_BASE_URL: provider.url,
    BACKUP_DIR: join(folder, 'backups'),
    BACKUP_PLAIN: 'yes',
  });
  const start = (name: string, command: string[], more: Record<string, string> = {}) =>
    started(folder, name, command, { ...env(name), ...more });
  const composed = { services, env, folder, exporters: process.env.EXPORTERS !== undefined };

  await startPostgres(folder, at('postgres'), env('postgres'), services.postgres?.command ?? []);
  mkdirSync(join(folder, 'redis'));
  start('redis', ['sh', 'deploy/redis/start.sh'], {
    REDIS_RUN: join(folder, 'redis'),
    REDIS_DIR: join(folder, 'redis'),
  });
  mkdirSync(join(folder, 'backups'));
  const owner = {
    NGINX_USER: '0:0',
    BACKUP_USER: '0:0',
    CERTIFICATES: folder,
    BACKUPS: join(folder, 'backups'),
  };
  await run('bash', ['deploy/prepare.sh'], { env: { ...env('prepare'), ...owner } });
  await run('node', services.release?.command?.slice(1) ?? [], { env: env('release') });
  const ours = names.filter((name) => services[name]?.image.startsWith('parley') && name !== 'release');
  for (const name of ours) start(name, services[name]?.command ?? ['node', 'api/server.ts']);
  await Promise.all(
    ours
      .filter((name) => name !== 'backup')
      .map((name) => answers(`http://${at(name)}:${name.startsWith('web') ? 8000 : 9100}/readyz`)),
  );
  start('nginx', ['nginx', '-p', folder, '-c', nginxConf(folder), '-g', 'daemon off;']);
  start('prometheus', [
    'prometheus',
    '--config.file=deploy/monitoring/prometheus.yml',
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=${at('prometheus')}:9090`,
  ]);
  for (const [name, { command, listen }] of Object.entries(EXPORTERS))
    if (composed.exporters)
      start(name, [
        join(process.env.EXPORTERS ?? '', command),
        ...listen(at(name)),
        ...argsOf(services[name]),
      ]);
  return composed;
}

/** The images' entrypoints, and the ports that Prometheus asks. */
const EXPORTERS: Record<string, Exporter> = {
  'postgres-exporter': {
    command: 'prometheus-postgres-exporter',
    listen: (at) => [`--web.listen-address=${at}:9187`],
  },
  'redis-exporter': {
    command: 'prometheus-redis-exporter',
    listen: (at) => [`--web.listen-address=${at}:9121`],
  },
  'node-exporter': {
    command: 'prometheus-node-exporter',
    listen: (at) => [`--web.listen-address=${at}:9100`],
  },
  'blackbox-exporter': {
    command: 'prometheus-blackbox-exporter',
    listen: (at) => [`--web.listen-address=${at}:9115`],
  },
};

/** Compose's arguments, with the paths of this tree in place of those that are mounted. */
function argsOf(service: Service | undefined): string[] {
  return (service?.command ?? []).map((arg) =>
    arg
      .replace('--path.rootfs=/host', '--path.rootfs=/')
      .replace('/etc/blackbox.yml', 'deploy/monitoring/blackbox.yml'),
  );
}

async function read(folder: string): Promise<Record<string, Service>> {
  const filled = Object.fromEntries([
    ...SECRETS.map((name) => [name, `${name.toLowerCase().replaceAll('_', '')}0123456789`]),
    ['JWT_SECRET', 'composed'.repeat(8)],
    ['SERVER_NAME', 'localhost'],
  ]) as Record<string, string>;
  const args = ['--env-file', '/dev/null', '--profile', 'monitoring', 'config', '--format', 'json'];
  const env = { PATH: process.env.PATH, HOME: folder, ...filled, OPENAI_API_KEY: 'composed' };
  const { stdout } = await run('docker-compose', args, { env, maxBuffer: 16_000_000 });
  const { services } = JSON.parse(stdout) as { services: Record<string, Service> };
  // env_file gives these to a container.
  for (const service of Object.values(services))
    if (service.image.startsWith('parley'))
      service.environment = { OPENAI_API_KEY: 'composed', ...service.environment };
  return services;
}

async function startPostgres(
  folder: string,
  at: string,
  env: Record<string, string>,
  command: string[],
): Promise<void> {
  const bin = join(DEBIAN, readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a))[0] ?? '', 'bin');
  const data = join(folder, 'pg', 'data');
  mkdirSync(join(folder, 'pg'));
  writeFileSync(join(folder, 'password'), env.POSTGRES_PASSWORD ?? '');
  for (const path of [join(folder, 'pg'), join(folder, 'password')])
    execFileSync('chown', ['postgres', path]);
  const as = (...args: string[]) => ['-u', 'postgres', '--', ...args];
  const init = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--data-checksums'];
  await run('runuser', as(join(bin, 'initdb'), ...init, `--pwfile=${join(folder, 'password')}`), {
    cwd: '/',
  });
  const own = [
    '-D',
    data,
    '-c',
    `listen_addresses=${at}`,
    '-c',
    `unix_socket_directories=${join(folder, 'pg')}`,
  ];
  started(folder, 'postgres', ['runuser', ...as(join(bin, 'postgres'), ...own, ...command.slice(1))], {
    PATH: env.PATH ?? '',
  });
  const admin = { ...env, PATH: `${bin}:${env.PATH}`, PGHOST: at, PGPASSWORD: env.POSTGRES_PASSWORD ?? '' };
  await until('postgres', async () => {
    await run(join(bin, 'psql'), ['-U', 'postgres', '-c', 'SELECT 1'], { env: admin });
    return true;
  });
  await run('bash', ['deploy/postgres/roles.sh'], { env: { ...admin, PGDATA: data } });
}

/** deploy/nginx/nginx.conf as it is, with folders of its own. */
function nginxConf(folder: string): string {
  const own = readFileSync('deploy/nginx/own.conf', 'utf8').replaceAll('/certificates/', `${folder}/`);
  writeFileSync(join(folder, 'tls.conf'), own);
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, readFileSync('deploy/nginx/nginx.conf', 'utf8').replaceAll(' /tmp/', ` ${folder}/`));
  return file;
}

function started(
  folder: string,
  name: string,
  [command = '', ...args]: string[],
  env: Record<string, string>,
): ChildProcess {
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: command === 'runuser' ? '/' : '.',
  });
  const log = createWriteStream(join(folder, `${name}.log`));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.on('error', (error) => console.error(`composed: ${name}: ${error.message}`));
  child.on('exit', (code) => {
    const said = readFileSync(join(folder, `${name}.log`), 'utf8').trim();
    console.error(`composed: ${name} ended with ${code}: ${said.slice(-1_000)}`);
  });
  return child;
}

async function answers(url: string): Promise<void> {
  await until(url, async () => (await fetch(url)).ok);
}

/** Asks until `holds` returns true; an error counts as false. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + UP_WITHIN_MS; Date.now() < end; await sleep(250))
    if (await holds().catch(() => false)) return;
  throw new Error(`${what} does not hold after ${UP_WITHIN_MS / 1_000} s`);
}
