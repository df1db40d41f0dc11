/** `npm test [-- files and mocha options]`: see USAGE. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from './services/compileCache.ts';
import { freePort } from './services/ports.ts';
import { startRedis } from './services/redis.ts';
import { startScratchDatabase } from './services/scratch.ts';
import { lanesOf } from './lanes/lanesOf.ts';

const USAGE = `npm test [-- FILE... | --faults | --stores | --grep TEXT | any option of mocha]

Builds the pages if web/ has changed. Runs test/**/*.test.ts except test/faults (or the named files) against real services,
in lanes side by side, each of which takes the next file when it is free. One lane begins with what needs a browser.
Fails when no lane has taken a file.
--faults adds test/faults, with which another lane begins. Each lane has:
  a private Redis that keeps nothing
  with DATABASE_URL, a database of its own on that server, dropped at the end, and a role that only owns it
  (if DATABASE_URL is a superuser's); else PGlite in memory.
--stores leaves out what a second run on another database would only repeat: browsers, and what reaches no database.
TEST_SUMMARY=file: also writes {"passed","failed","skipped","files":{name: seconds},"failures":[text]} to the file.`;

const FAULTS = '--faults';
const STORES = '--stores';

/** What TEST_SUMMARY's file holds: the counts, how many seconds each file took, and a line for each test that failed. */
export type Summary = {
  passed: number;
  failed: number;
  skipped: number;
  files: Record<string, number>;
  failures: string[];
};

/** How many of the slowest files are named. */
const SHOWN = 12;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

if (process.argv.includes('--help')) console.log(USAGE);
else process.exitCode = await main(process.argv.slice(2)).catch(fail);

async function main(args: string[]): Promise<number> {
  process.chdir(ROOT);
  // Ctrl-C reaches mocha too; this process stops its services when mocha has ended.
  process.on('SIGINT', () => {});
  const built = await run(
    ['scripts/web.ts', '--if-stale'],
    { ...process.env, NODE_ENV: 'production' },
    'inherit',
  );
  if (built !== 0) return built;
  if (args.some((arg) => arg.endsWith('.ts'))) return testLane(args, 'inherit', process.env.TEST_SUMMARY);

  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'));
  try {
    const lanes = lanesOf({ faults: args.includes(FAULTS), stores: args.includes(STORES) });
    const options = args.filter((arg) => arg !== FAULTS && arg !== STORES);
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    const results = lanes.map((files, i) => {
      const [output, summary] = [join(folder, `${i}.txt`), join(folder, `${i}.json`)];
      // Shows the first lane's output as it comes, and the others' when all have ended.
      const shown = i === 0 ? 'inherit' : openSync(output, 'w');
      return { output, summary, code: testLane([...options, ...files], shown, summary, taken) };
    });
    const codes = await Promise.all(results.map(({ code }) => code));
    for (const { output } of results.slice(1)) process.stdout.write(readFileSync(output));
    const summaries = results.map(({ summary }) => summary);
    report(summaries);
    const left = leftOver(lanes.flat(), taken);
    // With --bail a lane that failed leaves files, and its exit code says so.
    if (left.length > 0)
      console.log(`${left.length} files were taken by no lane: ${left.slice(0, SHOWN).join(' ')}`);
    const code = summaries.every(existsSync) ? Math.max(...codes) : 1;
    return code || (left.length > 0 ? 1 : 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs mocha once, with a database and a Redis of its own.
 * @param taken the folder where the lanes note which files they have taken; without it this lane runs all of its files
 * @returns its exit code
 */
async function testLane(
  args: string[],
  output: 'inherit' | number,
  summary = '',
  taken?: string,
): Promise<number> {
  const [database, redis] = await Promise.all([startScratchDatabase(), startRedis()]);
  try {
    const env = {
      ...process.env,
      ...COMPILE_CACHE,
      NODE_ENV: 'test',
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
      DATABASE_URL: database.url,
      // The server where a test may create a database; the suite's own role may not.
      TEST_SERVER: process.env.DATABASE_URL ?? '',
      DATABASE_POOL_MAX: '5',
      TEST_DATABASE: database.kind,
      TEST_SUMMARY: summary,
      TEST_TAKEN: taken,
      REDIS_URL: redis.url,
      // Tests of limits set their own.
      RATE_LIMIT_PER_MINUTE: '100000',
      RATE_LIMIT_PER_HOUR: '1000000',
      RATE_LIMIT_PER_DAY: '1000000',
      // Tests that read mails start a mail server; the others' mails go here, if a worker sends them.
      MAIL_DIR: process.env.MAIL_DIR ?? join(tmpdir(), 'parley-test-mail'),
      JWT_SECRET: randomBytes(32).toString('hex'),
      // The address of the tests' provider stand-in, when a test starts one.
      OPENAI_BASE_URL: `http://127.0.0.1:${await freePort()}/v1`,
      OPENAI_API_KEY: 'test',
      // Tests count calls of models. Those of the query stage set their own.
      QUERY_MODEL: 'off',
    };
    const migrated = await run(['scripts/migrate.ts'], env, output);
    if (migrated !== 0) return migrated;
    if (output === 'inherit')
      console.log(`Testing on ${database.kind === 'native' ? 'PostgreSQL' : 'PGlite'}`);
    return await run(['node_modules/mocha/bin/mocha.js', ...args], env, output);
  } finally {
    await Promise.all([database.stop(), redis.stop()]);
  }
}

/** Returns the files that no lane has taken. A lane notes each file that it takes in the folder `taken`. */
function leftOver(files: string[], taken: string): string[] {
  const run = readdirSync(taken).map((name) => decodeURIComponent(name));
  return [...new Set(files).difference(new Set(run))];
}

/** Adds up the lanes' results, and names the slowest files. A lane that broke off has none. */
function report(summaries: string[]): void {
  const total: Summary = { passed: 0, failed: 0, skipped: 0, files: {}, failures: [] };
  for (const file of summaries) {
    if (!existsSync(file)) continue;
    const lane = JSON.parse(readFileSync(file, 'utf8')) as Summary;
    for (const count of ['passed', 'failed', 'skipped'] as const) total[count] += lane[count];
    Object.assign(total.files, lane.files);
    total.failures.push(...lane.failures);
    console.log(`lane: ${Object.values(lane.files).reduce((sum, seconds) => sum + seconds, 0)} s`);
  }
  const slowest = Object.entries(total.files).toSorted(([, a], [, b]) => b - a);
  for (const [file, seconds] of slowest.slice(0, SHOWN))
    console.log(`${String(seconds).padStart(5)} s ${file}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  if (process.env.TEST_SUMMARY) writeFileSync(process.env.TEST_SUMMARY, JSON.stringify(total));
}

/** Runs a script of this project to its end. @returns its exit code; 1 when a signal ended it */
async function run(args: string[], env: NodeJS.ProcessEnv, output: 'inherit' | number): Promise<number> {
  const child = spawn(process.execPath, args, { env, stdio: ['inherit', output, output] });
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
