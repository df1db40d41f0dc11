import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/services/ports.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 30_000;

export type LogLine = { level?: number; msg?: string; [field: string]: unknown };

export type Process = {
  type: string;
  pid: number;
  /** Where it listens (`web` only, else ''), such as http://127.0.0.1:41000. */
  url: string;
  /** Its JSON log so far; lines that are no JSON stand as `{msg}`. */
  logs: LogLine[];
  /** Sends a signal to the process, such as SIGKILL or SIGSTOP. */
  kill: (signal: NodeJS.Signals) => void;
  /** SIGTERM, then SIGKILL when it takes too long; resolves to the exit code, null when a signal ended it. */
  stop: () => Promise<number | null>;
  /** Resolves to the exit code when it has ended, whoever ended it. */
  exited: Promise<number | null>;
};

const running = new Map<ChildProcess, Process>();
process.on('exit', () => {
  for (const child of running.keys()) signal(child, 'SIGKILL');
});

/**
 * Starts the Procfile's line `type` as it stands, with this process's environment and `env` on top, and resolves
 * when it is ready. `web` gets a free PORT unless `env` names one. Throws with the end of its log when it is not
 * ready in 15 s.
 */
export async function startProcfile(type: string, env: Record<string, string> = {}): Promise<Process> {
  const port = type === 'web' ? (env.PORT ?? String(await freePort())) : '';
  const child = spawn('sh', ['-c', `exec ${procfileLine(type)}`], {
    cwd: ROOT,
    // A group of its own; the IPC channel ends it when this process dies without a word.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      PATH: `${resolve(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      ...(port ? { PORT: port } : {}),
      ...env,
    },
  });
  const started = watch(type, child, port ? `http://127.0.0.1:${port}` : '');
  await ready(started, child);
  return started;
}

/** Starts `n` copies of a Procfile line; see startProcfile. */
export function startCopies(type: string, n: number, env: Record<string, string> = {}): Promise<Process[]> {
  return Promise.all(Array.from({ length: n }, () => startProcfile(type, env)));
}

/** Ends processes that a test left running, and throws to name them. */
export async function stopLeftOvers(): Promise<void> {
  const left = [...running.values()];
  for (const child of running.keys()) signal(child, 'SIGKILL');
  await Promise.all(left.map((one) => one.exited));
  if (left.length > 0)
    throw new Error(`left running: ${left.map((one) => `${one.type} (${one.pid})`).join(', ')}`);
}

function procfileLine(type: string): string {
  const lines = readFileSync(resolve(ROOT, 'Procfile'), 'utf8').split('\n');
  const line = lines.find((one) => one.startsWith(`${type}:`));
  if (!line) throw new Error(`no such process type in the Procfile: ${type}`);
  return line.slice(type.length + 1).trim();
}

function watch(type: string, child: ChildProcess, url: string): Process {
  const logs: LogLine[] = [];
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on('line', (line) => logs.push(parse(line)));
  // A channel that nobody listens on must not keep the tests alive.
  child.channel?.unref();
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const started: Process = {
    type,
    pid: child.pid ?? 0,
    url,
    logs,
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

async function ready(started: Process, child: ChildProcess): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
    if (
      started.url ? await answers(`${started.url}/readyz`) : started.logs.some((line) => line.msg === 'ready')
    )
      return;
    await sleep(25);
  }
  signal(child, 'SIGKILL');
  await started.exited;
  const end = started.logs.slice(-15).map((line) => JSON.stringify(line));
  throw new Error(`${started.type} did not become ready:\n${end.join('\n')}`);
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined);
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
