import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * For a database that is kept, as `npm start` has one: V8's second compiler would take half a GiB for a while after the start, and
 * keep 60 MiB. Tests go without: they work the database harder than one person does.
 */
const SMALL = ['--liftoff-only', '--max-semi-space-size=4'];

export type Service = {
  url: string;
  pid: number;
  stop: () => Promise<void>;
  onExit: (tell: () => void) => void;
};

/**
 * Starts PostgreSQL in WebAssembly (PGlite with pgvector) in a process of its own, which ends with this process.
 * Resolves when it answers.
 * @param folder the data's folder; 'memory' keeps nothing
 * @param port 0 for any free port
 * @throws Error when another server uses the folder
 */
export async function startPglite(folder: string, port = 0): Promise<Service> {
  const child = fork(fileURLToPath(new URL('pglite.ts', import.meta.url)), [folder, String(port)], {
    detached: true,
    execArgv: ['--disable-warning=ExperimentalWarning', ...(folder === 'memory' ? [] : SMALL)],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const answer = await Promise.race([
    once(child, 'message').then(([message]) => message as { url?: string; refused?: string }),
    once(child, 'exit').then(() => ({ url: undefined, refused: 'the embedded database did not start' })),
  ]);
  if (!answer.url) throw new Error(answer.refused);
  return {
    url: answer.url,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
    onExit: (tell) => void child.once('exit', tell),
  };
}
