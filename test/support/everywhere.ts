import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Redis } from 'ioredis';

/** Prefers the server's own commands: older ones may not read its dumps. */
const BIN = 'PATH=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1):$PATH';

/** Returns the rows of a plain dump, a line for each. */
export async function dumpOf(url: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('bash', ['-c', `${BIN}; pg_dump --data-only "$FROM"`], {
    env: { ...process.env, FROM: url },
    maxBuffer: 500_000_000,
  });
  return stdout.split('\n');
}

/** Returns every key with its value. @param but a key that is left out */
export async function keysOf(redis: Redis, but?: RegExp): Promise<string[]> {
  const keys = (await redis.keys('*')).filter((key) => but?.test(key) !== true);
  return Promise.all(keys.map(async (key) => `${key} ${JSON.stringify(await valueOf(redis, key))}`));
}

/** Returns the keys that name a user, or the log or a job of one of these runs. */
export async function keysNaming(redis: Redis, userId: number, runIds: number[]): Promise<string[]> {
  const naming = [
    new RegExp(`:(user|online):${userId}(:|$)`),
    ...runIds.map((id) => new RegExp(`run:\\{${id}\\}|run-${id}-`)),
  ];
  return (await redis.keys('*')).filter((key) => naming.some((one) => one.test(key)));
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return redis.get(key);
  }
}

/** Returns every file below a folder, its name and its text. */
export async function filesOf(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Promise.all(files.map(async (file) => `${file} ${await readFile(file, 'latin1')}`));
}
