/** `npm start`: see USAGE. */
import { createECDH, type ECDH, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE, SMALL_HEAP } from './services/compileCache.ts';
import { type Service, startPglite } from './services/database.ts';
import { lockHolder, takeLock } from './services/lock.ts';
import { freePort, isFree } from './services/ports.ts';
import { processTypes } from './services/procfile.ts';
import { startRedis } from './services/redis.ts';
import { keepRunning, runToEnd, type Supervised } from './services/supervise.ts';

const USAGE = `npm start

Runs all of Parley on this machine until Ctrl-C. It starts what the environment does not name, with its data in .data/:
  DATABASE_URL     else PostgreSQL in WebAssembly (PGlite) with pgvector
  REDIS_URL        else a private Redis
  OPENAI_API_KEY   or OPENAI_BASE_URL or PROVIDERS (docs/models.md); else a local stand-in for the model, which
                   costs nothing and knows little
  SMTP_URL         else mails are written to .data/mail/
  PORT             8000, where the API listens
  METRICS_PORT     metrics of the workers there; else none
  LOG_LEVEL        warn; info shows every request and job
All other variables: .env.example.`;

const DATA = '.data';
const RUNTIME = `${DATA}/runtime.json`;
const READY_WITHIN_MS = 60_000;

type Running = { stop: (withinMs: number) => Promise<void> };
const services: Running[] = [];
const apps: Supervised[] = [];
let stopping = false;

if (process.argv.includes('--help')) console.log(USAGE);
else await main().catch(giveUp);

async function main(): Promise<void> {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  const began = Date.now();
  mkdirSync(DATA, { recursive: true, mode: 0o700 });
  if (!takeLock(`${DATA}/lock`)) {
    const holder = lockHolder(`${DATA}/lock`);
    console.error(`npm start: Parley runs here already (process ${holder}); stop that process first`);
    // Does not call giveUp: the folder's files belong to the other process.
    process.exit(1);
  }
  stopWhenTold();
  const env = environment();
  const port = Number(env.PORT);
  if (!(await isFree(port, env.HOST ?? '0.0.0.0'))) {
    throw new Error(
      `port ${port} is taken; stop the program that listens there, or choose another port: PORT=${port + 80} npm start`,
    );
  }
  const [kept] = await Promise.all([startServices(env), buildPages(env)]);
  await runToEnd('scripts/migrate.ts', env);
  await runToEnd('scripts/seed.ts', env);
  if (stopping) return;
  startApps(env);
  await untilReady(port);
  const url = `http://127.0.0.1:${port}`;
  const runtime = { url, seed_password: env.SEED_PASSWORD, pid: process.pid };
  writeFileSync(RUNTIME, JSON.stringify(runtime), { mode: 0o600 });
  greet(url, env, kept, Date.now() - began);
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...vapidKeys(),
    ...process.env,
    ...COMPILE_CACHE,
    NODE_OPTIONS: `${SMALL_HEAP} ${process.env.NODE_OPTIONS ?? ''}`.trim(),
    PORT: process.env.PORT || '8000',
    LOG_LEVEL: process.env.LOG_LEVEL || 'warn',
    JWT_SECRET: process.env.JWT_SECRET || secret('jwt_secret', 32),
    SEED_PASSWORD: process.env.SEED_PASSWORD || secret('seed_password', 9),
    // Without a mail server mails are files, and their links lead here.
    MAIL_DIR: process.env.MAIL_DIR || (process.env.SMTP_URL ? '' : `${DATA}/mail`),
  };
}

/** Starts the services that `env` does not name and sets their addresses there; returns a line on each. */
async function startServices(env: NodeJS.ProcessEnv): Promise<string[]> {
  const starting: Promise<string>[] = [];
  if (!env.DATABASE_URL) {
    env.DATABASE_POOL_MAX ||= '3';
    starting.push(keepUp('database', 'DATABASE_URL', env, (port) => startPglite(`${DATA}/pg`, port)));
  }
  if (!env.REDIS_URL)
    starting.push(keepUp('redis', 'REDIS_URL', env, (port) => startRedis(`${DATA}/redis`, port)));
  if (!env.OPENAI_API_KEY && !env.OPENAI_BASE_URL && !env.PROVIDERS) {
    const port = await freePort(Number(env.STANDIN_PORT || 8001));
    env.OPENAI_BASE_URL = `http://127.0.0.1:${port}/v1`;
    const standin = keepRunning('standin', ['lab/standin.ts'], { ...env, STANDIN_PORT: String(port) });
    services.push(standin);
    starting.push(Promise.resolve('stand-in for the model'));
  }
  return Promise.all(starting);
}

/** Builds the pages where their sources have changed. Without them the API serves all the same. */
async function buildPages(env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await runToEnd('scripts/web.ts', { ...env, NODE_ENV: 'production' }, ['--if-stale']);
  } catch (error) {
    console.error(`npm start: the pages are not built: ${error instanceof Error ? error.message : error}`);
  }
}

/** Starts an embedded service, and starts it again on the same port whenever it ends by itself. */
async function keepUp(
  name: string,
  variable: string,
  env: NodeJS.ProcessEnv,
  start: (port?: number) => Promise<Service>,
): Promise<string> {
  let service = await start();
  env[variable] = service.url;
  const port = Number(new URL(service.url).port);
  services.push({ stop: () => service.stop() });
  const again = async (): Promise<void> => {
    if (stopping) return;
    console.error(`${name} ended: npm start starts it again`);
    await sleep(500);
    service = await start(port);
    service.onExit(restart);
  };
  const restart = (): void => void again().catch(giveUp);
  service.onExit(restart);
  return `${name} ${service.url}`;
}

function startApps(env: NodeJS.ProcessEnv): void {
  // All workers in one process, as in deploy/compose.small.yml: seven would hold the same code seven times.
  const workers = processTypes().filter((type) => type !== 'web');
  apps.push(keepRunning('web', ['api/server.ts'], env));
  apps.push(keepRunning('workers', ['workers/run.ts', ...workers], env));
}

async function untilReady(port: number): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && !stopping) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await sleep(50);
  }
  if (!stopping)
    throw new Error('the API was not ready within a minute: LOG_LEVEL=info npm start shows more');
}

function greet(url: string, env: NodeJS.ProcessEnv, kept: string[], ms: number): void {
  if (stopping) return;
  console.log(`
  Parley is running (${(ms / 1000).toFixed(1)} s)

  Open         ${url}/
  Panel        ${url}/admin

  API          ${url}/api/v1
  Health       ${url}/health
  Queues       ${url}/admin/queues
  Metrics      ${metricsOf(url, env)}
  Mail         ${env.MAIL_DIR ? `${env.MAIL_DIR}/ (files: SMTP_URL is not set)` : 'by SMTP_URL'}
  Accounts     demo@parley.local, agent@parley.local, admin@parley.local
  Password     ${env.SEED_PASSWORD}
  Embedded     ${kept.join(', ') || 'nothing'}
  Data         ${DATA}/

  Or say something in a second terminal:   npm run chat -- "How do I reset my password?"
  Stop: Ctrl-C
`);
}

function metricsOf(url: string, { METRICS_PORT }: NodeJS.ProcessEnv): string {
  const workers = METRICS_PORT ? `, http://127.0.0.1:${METRICS_PORT}/metrics` : '';
  return `${url}/metrics${workers}`;
}

/** The keys of web push: browsers forget their subscriptions when these change. */
function vapidKeys(): NodeJS.ProcessEnv {
  const path = `${DATA}/vapid.json`;
  if (!existsSync(path)) {
    const pair = createECDH('prime256v1');
    const [VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY] = [pair.generateKeys('base64url'), privateKeyOf(pair)];
    writeFileSync(path, JSON.stringify({ VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY }), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(path, 'utf8')) as NodeJS.ProcessEnv;
}

/** Returns all 32 bytes: Node leaves out zeros at the beginning. */
function privateKeyOf(pair: ECDH): string {
  return Buffer.from(pair.getPrivateKey('hex').padStart(64, '0'), 'hex').toString('base64url');
}

/** Kept in .data/, so that sign-ins and the demo accounts outlive a restart. */
function secret(name: string, bytes: number): string {
  const path = `${DATA}/${name}`;
  if (!existsSync(path)) writeFileSync(path, randomBytes(bytes).toString('base64url'), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}

function stopWhenTold(): void {
  let first = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      first ||= Date.now();
      // npm repeats the Ctrl-C that the terminal has already sent; only a later one means "now".
      if (Date.now() - first > 1000) process.exit(1);
      void stopAll(0);
    });
  }
  // A killed npm cannot pass a signal on.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && void stopAll(0), 500).unref();
  // A closed terminal must not prevent the other processes from stopping.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** Stops the application first, so that it can drain into its services; then the services. */
async function stopAll(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  const grace = (Number(process.env.SHUTDOWN_GRACE_S) || 25) * 1000;
  await Promise.all(apps.map((app) => app.stop(grace + 2000)));
  await Promise.all(services.map((service) => service.stop(2000)));
  rmSync(RUNTIME, { force: true });
  process.exit(code);
}

async function giveUp(error: Error): Promise<void> {
  if (stopping) return;
  console.error(`npm start: ${error.message}`);
  await stopAll(1);
}
