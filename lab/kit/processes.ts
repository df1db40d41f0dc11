import { freePort } from '../../scripts/services/ports.ts';
import {
  becomesReady,
  type LogLine,
  type Process as Started,
  runningProcesses,
  saysReady,
  spawnProcfile,
} from '../../scripts/services/procfile.ts';

const READY_WITHIN_MS = 45_000;

export type { LogLine };
/** A process of the Procfile with its JSON log so far; a line that is not JSON becomes `{msg}`. */
export type Process = Started & { logs: LogLine[] };

/**
 * Starts the Procfile's line `type` with this process's environment and `env` on top. Resolves when it is ready.
 * `web` gets a free PORT unless `env` names one.
 * @throws Error with the end of its log when it is not ready in time
 */
export async function startProcfile(type: string, env: Record<string, string> = {}): Promise<Process> {
  const more: Record<string, string> = {};
  if (type === 'web') more.PORT = env.PORT ?? String(await freePort());
  // A worker that logs less than `info` does not log that it is ready.
  else if (env.LOG_LEVEL && env.LOG_LEVEL !== 'info')
    more.METRICS_PORT = env.METRICS_PORT ?? String(await freePort());
  const logs: LogLine[] = [];
  const started = spawnProcfile(type, { ...env, ...more }, (line) => logs.push(line));
  const says = () => logs.some(saysReady);
  const url = more.METRICS_PORT ? `http://127.0.0.1:${more.METRICS_PORT}` : started.url;
  if (await becomesReady({ ...started, url }, says, READY_WITHIN_MS)) return { ...started, logs };
  started.kill('SIGKILL');
  await started.exited;
  const end = logs.slice(-15).map((line) => JSON.stringify(line));
  throw new Error(`${type} did not become ready:\n${end.join('\n')}`);
}

export function startCopies(type: string, n: number, env: Record<string, string> = {}): Promise<Process[]> {
  return Promise.all(Array.from({ length: n }, () => startProcfile(type, env)));
}

/** Ends processes that a test left running. @throws Error that names them */
export async function stopLeftOvers(): Promise<void> {
  const left = runningProcesses();
  for (const one of left) one.kill('SIGKILL');
  await Promise.all(left.map((one) => one.exited));
  if (left.length > 0)
    throw new Error(`left running: ${left.map((one) => `${one.type} (${one.pid})`).join(', ')}`);
}
