import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Takes the lock file at `path` for this process, until the process ends or calls the returned function. Takes
 * over a dead process's lock; its start time distinguishes it from a newer process with the same id.
 * @returns undefined when a living process holds the lock
 */
export function takeLock(path: string): (() => void) | undefined {
  for (let tries = 0; tries < 3; tries++) {
    try {
      writeFileSync(path, identity(process.pid), { flag: 'wx' });
      const release = (): void => rmSync(path, { force: true });
      process.once('exit', release);
      return release;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (isHeld(path)) return undefined;
    rmSync(path, { force: true });
  }
  return undefined;
}

/** Returns the process id of the lock's holder, for messages. */
export function lockHolder(path: string): number {
  return Number.parseInt(read(path), 10);
}

function isHeld(path: string): boolean {
  const held = read(path);
  const pid = Number.parseInt(held, 10);
  return pid > 0 && identity(pid) === held;
}

/** Returns "pid start-time" of a living process, else "pid -". */
function identity(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  // The 22nd field, counted after the command's name, which may contain spaces.
  if (stat) return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  try {
    return `${pid} ${execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()}`;
  } catch {
    return `${pid} -`;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
