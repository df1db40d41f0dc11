import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** A child that lived this long restarts after the shortest pause. */
const STEADY_MS = 30_000;

export type Supervised = { stop: (withinMs: number) => Promise<void> };

/**
 * Runs a script of this project as a child, and restarts it after a growing pause whenever it ends. `stop` sends
 * SIGTERM, and SIGKILL to its group when it does not end in time.
 */
export function keepRunning(name: string, args: string[], env: NodeJS.ProcessEnv): Supervised {
  let stopping = false;
  let child = startChild(args, env);
  void watch();
  return {
    stop: async (withinMs) => {
      stopping = true;
      if (ended(child)) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child), withinMs);
      await exited;
      clearTimeout(timer);
    },
  };

  async function watch(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const began = Date.now();
      await once(child, 'exit');
      if (stopping) return;
      if (Date.now() - began > STEADY_MS) pause = FIRST_PAUSE_MS;
      console.error(
        `${name} ended (${child.signalCode ?? child.exitCode}): npm start starts it again in ${pause} ms`,
      );
      await sleep(pause);
      if (stopping) return;
      child = startChild(args, env);
    }
  }
}

/** Runs a script of this project to its end. @throws Error with its last output when it fails */
export async function runToEnd(
  script: string,
  env: NodeJS.ProcessEnv,
  args: string[] = [],
  cwd?: string,
): Promise<void> {
  const child = spawn(process.execPath, nodeArgs([script, ...args]), {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-4000);
    });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} failed:\n${output.trim()}`);
}

function startChild(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  // A session of its own: Ctrl-C reaches the supervisor alone, which stops its children in order.
  return spawn(process.execPath, nodeArgs(args), {
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function nodeArgs(args: string[]): string[] {
  return ['--disable-warning=ExperimentalWarning', '--import', './scripts/services/leash.ts', ...args];
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
