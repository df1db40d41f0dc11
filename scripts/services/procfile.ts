import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from './compileCache.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STOP_WITHIN_MS = 30_000;

export type LogLine = { level?: number; msg?: string; [field: string]: unknown };

/** Whether a line of the log says that its process is ready. An earlier release says `ready`. */
export function saysReady({ msg }: LogLine): boolean {
  return msg === 'Process is ready' || msg === 'ready';
}

export type Process = {
  type: string;
  pid: number;
  /** To talk to it over its IPC channel. */
  child: ChildProcess;
  /** Where it listens (`web` only, else ''), such as http://127.0.0.1:41000. */
  url: string;
  kill: (signal: NodeJS.Signals) => void;
  /** Sends SIGTERM, and SIGKILL after 30 s. Resolves to the exit code; null when a signal ended the process. */
  stop: () => Promise<number | null>;
  /** Resolves to the exit code when the process has ended for any reason and its last line was read. */
  exited: Promise<number | null>;
};

const running = new Map<ChildProcess, Process>();
process.on('exit', () => {
  for (const child of running.keys()) signal(child, 'SIGKILL');
});

/** Returns the process types of the Procfile, without `release`. */
export function processTypes(): string[] {
  return [...procfile().keys()].filter((type) => type !== 'release');
}

/**
 * Returns the command of the Procfile's line `type`. `moderation context` joins these workers in one process.
 * @param root the folder of the project, or of another release of it
 */
export function commandOf(type: string, root = ROOT): string {
  const [first = '', ...joined] = type.split(' ');
  const command = procfile(root).get(first);
  if (!command) throw new Error(`the Procfile has no process type ${type}`);
  return [command, ...joined].join(' ');
}

/**
 * Starts the Procfile's line `type`, with this process's environment and `env` on top, and does not wait. The
 * child ends with this process. `web` needs a PORT in `env`.
 * @param onLine gets each line of the child's log; a line that is not JSON becomes `{msg}`
 * @param root the folder of the project, or of another release of it
 */
export function spawnProcfile(
  type: string,
  env: Record<string, string>,
  onLine: (line: LogLine) => void,
  root = ROOT,
): Process {
  const child = spawn('sh', ['-c', `exec ${commandOf(type, root)}`], {
    cwd: root,
    // A process group of its own; the IPC channel ends the child when this process is killed.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      ...COMPILE_CACHE,
      PATH: `${resolve(root, 'node_modules/.bin')}:${process.env.PATH}`,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      ...env,
    },
  });
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on('line', (line) => onLine(parse(line)));
  // A channel without a listener must not keep the parent alive.
  child.channel?.unref();
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const started: Process = {
    type,
    pid: child.pid ?? 0,
    child,
    url: type === 'web' ? `http://127.0.0.1:${env.PORT}` : '',
    exited,
    kill: (name) => signal(child, name),
    stop: async () => {
      signal(child, 'SIGTERM');
      const timer = setTimeout(() => signal(child, 'SIGKILL'), STOP_WITHIN_MS);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
  running.set(child, started);
  return started;
}

/**
 * Resolves to whether a process became ready in time: `web` by /readyz, workers by their log.
 * @param said whether the process has logged that it is ready
 */
export async function becomesReady(
  started: Process,
  said: () => boolean,
  withinMs: number,
): Promise<boolean> {
  let ended = false;
  void started.exited.then(() => {
    ended = true;
  });
  for (const until = Date.now() + withinMs; Date.now() < until && !ended; await sleep(25)) {
    if (started.url ? await answers(`${started.url}/readyz`) : said()) return true;
  }
  return false;
}

/** Returns the processes that were started here and have not ended. */
export function runningProcesses(): Process[] {
  return [...running.values()];
}

function procfile(root = ROOT): Map<string, string> {
  const lines = readFileSync(resolve(root, 'Procfile'), 'utf8').split('\n');
  return new Map(
    lines
      .filter((line) => line.includes(':'))
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      }),
  );
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status === 200;
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (!child.pid || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // It has just ended.
  }
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}
