import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ground, startGround } from '../kit/ground.ts';
import { type LabUser, makeUsers } from '../kit/users.ts';
import { countDoubled, untilAnnounced } from '../kit/invariants.ts';
import type { Process } from '../kit/processes.ts';
import { type Postgres, startPostgres } from '../kit/postgres.ts';
import { postMessages, type Posted } from '../kit/traffic.ts';

const ENDED_WITHIN_MS = 120_000;

/** An installation with users, and a folder for its backups. */
export type House = {
  ground: Ground;
  users: LabUser[];
  folder: string;
  /** The environment of npm run backup and restore; `databaseUrl` replaces the installation's. */
  env: (databaseUrl?: string) => Record<string, string>;
  start: (databaseUrl?: string) => Promise<void>;
  /** Kills every process of the installation, as a lost machine does. */
  kill: () => Promise<void>;
  traffic: (seconds: number, rate: number) => Promise<Posted>;
  stop: () => Promise<void>;
};

export async function startHouse(encrypted: boolean): Promise<House> {
  const ground = await startGround();
  // A test has read its own secret already, and signs with it.
  ground.env.JWT_SECRET = process.env.JWT_SECRET || (ground.env.JWT_SECRET ?? '');
  const folder = mkdtempSync(join(tmpdir(), 'parley-drill-'));
  // The restored server runs as another user, and reads WAL here.
  chmodSync(folder, 0o755);
  const identity = join(folder, 'age.key');
  const recipient = encrypted ? newKey(identity) : '';
  let running: Process[] = [];
  let [web, posted] = ['', 0];
  const kill = async () => {
    for (const one of running) one.kill('SIGKILL');
    await Promise.all(running.map((one) => one.exited));
    running = [];
  };
  const env = (databaseUrl = ground.env.DATABASE_URL ?? '') => ({
    ...ground.env,
    DATABASE_URL: databaseUrl,
    BACKUP_REPLICATION_URL: databaseUrl,
    BACKUP_DIR: join(folder, 'backups'),
    BACKUP_SCRATCH: join(folder, 'scratch'),
    ...(encrypted
      ? { BACKUP_AGE_RECIPIENT: recipient, BACKUP_AGE_IDENTITY: identity }
      : { BACKUP_PLAIN: 'yes' }),
  });
  mkdirSync(join(folder, 'scratch'), { mode: 0o755 });
  const users = await makeUsers(ground, 50);
  return {
    ground,
    users,
    folder,
    env,
    kill,
    async start(databaseUrl) {
      ({ web, processes: running } = await ground.startAll(env(databaseUrl)));
    },
    async traffic(seconds, rate) {
      const going = postMessages(web, users, rate, posted);
      await sleep(seconds * 1_000);
      const done = await going.end();
      posted += done.accepted + done.failures.length;
      if (done.failures.length > 0)
        throw new Error(`web refused messages: ${done.failures.slice(0, 3).join(', ')}`);
      return done;
    },
    async stop() {
      await kill();
      await ground.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs one of the scripts as an operator does. @throws Error with what it said */
export async function script(name: string, args: string[], env: Record<string, string>): Promise<string> {
  const began = performance.now();
  const child = startScript(name, args, env);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${name} ${args.join(' ')} failed: ${text}`);
  process.stderr.write(`drill: ${name} ${args.join(' ')}: ${Math.round(performance.now() - began)} ms\n`);
  return text;
}

export function startScript(name: string, args: string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [`scripts/${name}.ts`, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  return child;
}

/** Erases an account, as its owner would. The processes do the rest. Returns how many messages it had posted, too. */
export async function eraseSomebody(house: House): Promise<{ pseudonym: string; messages: number }> {
  const id = house.users.at(-1)?.id;
  const [row] = await house.ground.query<{ pseudonym: string; messages: number }>(
    `SELECT pseudonym, (SELECT count(*)::int FROM messages m WHERE m.user_id = u.id AND message_type = 'user') AS messages
     FROM users u WHERE id = $1`,
    [id],
  );
  // Nobody posts in its name from here on.
  house.users.pop();
  await house.ground.query(`SELECT * FROM begin_erasure($1, 'drill', NULL)`, [id]);
  for (const until = Date.now() + 30_000; Date.now() < until; await sleep(200)) {
    const [found] = await house.ground.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM erasures WHERE status = 'erased'`,
    );
    if (found?.n === 1) return row ?? { pseudonym: '', messages: 0 };
  }
  throw new Error('the account was not erased within 30 s');
}

/** Waits until nothing is owed. Returns what is wrong with the restored messages. */
export async function verdict({ rows }: Postgres, pseudonym: string) {
  await untilAnnounced(rows, ENDED_WITHIN_MS);
  const [found] = await rows<{ unanswered: number; back: number }>(
    `SELECT (SELECT count(*)::int FROM runs WHERE announced_at IS NULL OR status <> 'completed') AS unanswered,
       (SELECT count(*)::int FROM users WHERE pseudonym::text = '${pseudonym}') AS back`,
  );
  return { ...(found ?? { unanswered: -1, back: -1 }), doubled: await countDoubled(rows) };
}

/** Starts an empty cluster for a restore of a dump. */
export async function emptyServer(): Promise<Postgres> {
  const postgres = await startPostgres(undefined);
  await postgres.rows('CREATE EXTENSION vector');
  return postgres;
}

/** Makes a key of age. Returns its public half. */
function newKey(file: string): string {
  execFileSync('age-keygen', ['-o', file], { stdio: 'ignore' });
  chmodSync(file, 0o644);
  return execFileSync('age-keygen', ['-y', file], { encoding: 'utf8' }).trim();
}
