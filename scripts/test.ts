/** `npm test [-- files and mocha options]`: see USAGE. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from './services/ports.ts';
import { startRedis } from './services/redis.ts';
import { startScratchDatabase } from './services/scratch.ts';

const USAGE = `npm test [-- FILE... | --grep TEXT | any option of mocha]

Runs test/**/*.test.ts except test/faults (or the files named) against real services:
  a private Redis that keeps nothing, and
  with DATABASE_URL a database of its own on that server, dropped at the end; else PGlite in memory.
TEST_SUMMARY=file: also write {"passed","failed","skipped"} there.`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

if (process.argv.includes('--help')) console.log(USAGE);
else process.exitCode = await main(process.argv.slice(2)).catch(fail);

async function main(args: string[]): Promise<number> {
  process.chdir(ROOT);
  // Ctrl-C reaches mocha as well; what is started here is taken down when mocha has ended.
  process.on('SIGINT', () => {});
  const files = args.some((arg) => arg.endsWith('.ts')) ? [] : allTests();
  const [database, redis] = await Promise.all([startScratchDatabase(), startRedis()]);
  try {
    const env = {
      ...process.env,
      NODE_ENV: 'test',
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
      DATABASE_URL: database.url,
      DATABASE_POOL_MAX: '5',
      TEST_DATABASE: database.kind,
      REDIS_URL: redis.url,
      JWT_SECRET: randomBytes(32).toString('hex'),
      // Where the tests' stand-in for the provider listens, when one is started.
      OPENAI_BASE_URL: `http://127.0.0.1:${await freePort()}/v1`,
      OPENAI_API_KEY: 'test',
    };
    const migrated = await run(['scripts/migrate.ts'], env);
    if (migrated !== 0) return migrated;
    console.log(`Testing on ${database.kind === 'native' ? 'PostgreSQL' : 'PGlite'}`);
    return await run(['node_modules/mocha/bin/mocha.js', ...args, ...files], env);
  } finally {
    await Promise.all([database.stop(), redis.stop()]);
  }
}

function allTests(): string[] {
  return globSync('test/**/*.test.ts', { exclude: ['test/faults/**'] }).toSorted();
}

/** Runs a script of this project to its end; its exit code, 1 when a signal ended it. */
async function run(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, args, { env, stdio: 'inherit' });
  const forward = (): boolean => child.kill('SIGTERM');
  process.on('SIGTERM', forward);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGTERM', forward);
  return code ?? 1;
}

function fail(error: Error): number {
  console.error(`npm test: ${error.message}`);
  return 1;
}
