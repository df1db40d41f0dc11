import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/services/ports.ts';
import {
  becomesReady,
  type LogLine,
  type Process,
  saysReady,
  spawnProcfile,
} from '../../scripts/services/procfile.ts';
import { startProvider } from '../kit/provider.ts';
import type { Journal } from './journal.ts';
import { type Postgres, startPostgres } from '../kit/postgres.ts';
import { type FragileRedis, startFragileRedis } from './redis.ts';
import { COPIES } from './schedule.ts';

/** Long, because all processes start at once, on any machine. */
const READY_WITHIN_MS = 60_000;

/** Keeps one process running: starts a successor at once when the process dies. */
class Slot {
  readonly type: string;
  readonly index: number;
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #journal: Journal;
  #process: Process;
  #births = 0;
  #ready: Promise<boolean>;
  #expectsEnd = false;
  #over = false;

  constructor(type: string, index: number, env: Record<string, string>, journal: Journal) {
    this.type = type;
    this.index = index;
    this.#env = env;
    this.#journal = journal;
    [this.#process, this.#ready] = this.#start();
    this.url = this.#process.url;
  }

  /** Name of the present process: type, index, number of starts. */
  get name(): string {
    return `${this.type}-${this.index} ${this.#births}`;
  }

  /** Resolves to whether the present process is ready. */
  get ready(): Promise<boolean> {
    return this.#ready;
  }

  /** The present process. */
  get process(): Process {
    return this.#process;
  }

  signal(name: 'SIGKILL' | 'SIGTERM'): void {
    this.#expectsEnd = true;
    this.#process.kill(name);
  }

  async end(): Promise<void> {
    this.#over = true;
    this.#process.kill('SIGKILL');
    await this.#process.exited;
  }

  #start(): [Process, Promise<boolean>] {
    this.#births += 1;
    this.#expectsEnd = false;
    const { name } = this;
    let said = false;
    const process = spawnProcfile(this.type, this.#env, (line: LogLine) => {
      said ||= saysReady(line);
      this.#journal.heard(name, line);
    });
    void process.exited.then((code) => this.#next(name, code));
    return [process, becomesReady(process, () => said, READY_WITHIN_MS)];
  }

  #next(name: string, code: number | null): void {
    if (this.#over) return;
    this.#journal.tell(`${name} ended with ${code}`);
    if (!this.#expectsEnd) this.#journal.wrong('other', `${name} died by itself with ${code}`);
    [this.#process, this.#ready] = this.#start();
  }
}

export type Stack = {
  postgres: Postgres;
  redis: FragileRedis;
  slots: Slot[];
  /** The replicas' addresses. */
  urls: string[];
};

/** Raises limits that do not matter here. Deadlines are short, so that a round can meet them. */
const SETTINGS = {
  OPENAI_API_KEY: 'standin',
  ACCESS_TOKEN_TTL_S: '36000',
  RATE_LIMIT_PER_MINUTE: '1000000',
  RATE_LIMIT_PER_HOUR: '1000000',
  RATE_LIMIT_PER_DAY: '1000000',
  MAX_WAITING_RUNS_PER_USER: '100000',
  PROVIDER_HEADERS_TIMEOUT_MS: '3000',
  PROVIDER_FIRST_TOKEN_TIMEOUT_MS: '3000',
  PROVIDER_GAP_TIMEOUT_MS: '3000',
  SHUTDOWN_GRACE_S: '10',
  DATABASE_POOL_MAX: '8',
  METRICS_PORT: '',
  NODE_OPTIONS: '--disable-warning=ExperimentalWarning --import ./lab/chaos/trace.ts',
};

/**
 * Starts private stores, a stand-in for the model in this process, and copies of each process type. Resolves when all are
 * ready. `stops` contains everything started, even after a throw.
 */
export async function startStack(
  types: string[],
  journal: Journal,
  migrate: (env: Record<string, string>) => Promise<void>,
  stops: (() => Promise<unknown>)[],
): Promise<Stack> {
  const postgres = await startPostgres(process.env.DATABASE_URL);
  stops.unshift(postgres.stop);
  const redis = await startFragileRedis();
  stops.unshift(redis.stop);
  const model = await startProvider({ chunkMs: 15 });
  stops.unshift(model.stop);
  const compiled = mkdtempSync(join(tmpdir(), 'parley-chaos-compiled-'));
  stops.unshift(async () => rmSync(compiled, { recursive: true, force: true }));
  const env = {
    ...SETTINGS,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    OPENAI_BASE_URL: model.url,
    JWT_SECRET: randomBytes(32).toString('hex'),
    NODE_COMPILE_CACHE: compiled,
  };
  await migrate(env);
  await Promise.all(types.map((type) => warmUp(type, env)));

  // Below the ports that the system gives to clients; random, to avoid another round's ports on this machine.
  const firstPort = 20_000 + Math.floor(Math.random() * 12_000);
  const slots: Slot[] = [];
  stops.unshift(() => Promise.all(slots.map((slot) => slot.end())));
  for (const type of types)
    for (let index = 0; index < (COPIES[type] ?? 2); index++) {
      const port: Record<string, string> =
        type === 'web' ? { PORT: String(await freePort(firstPort + slots.length)) } : {};
      slots.push(new Slot(type, index, { ...env, ...port }, journal));
    }
  await Promise.all(
    slots.map(async (slot) => {
      if (await slot.ready) return;
      throw new Error(`${slot.name} did not become ready:\n${journal.kept.slice(-30).join('\n')}`);
    }),
  );
  const urls = slots.filter(({ type }) => type === 'web').map(({ url }) => url);
  return { postgres, redis, slots, urls };
}

/** Starts and ends a process of a type once. This fills the compile cache for hundreds of later starts. */
async function warmUp(type: string, env: Record<string, string>): Promise<void> {
  let said = false;
  const process = spawnProcfile(type, { ...env, PORT: '0' }, (line) => {
    said ||= saysReady(line);
  });
  for (const until = Date.now() + READY_WITHIN_MS; !said && Date.now() < until; ) await sleep(50);
  await process.stop();
}
