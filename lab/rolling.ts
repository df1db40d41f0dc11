/** `npm run rolling`: see USAGE. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeUsers } from './kit/users.ts';
import { type Ground, startGround } from './kit/ground.ts';
import { countDoubled, untilAnnounced } from './kit/invariants.ts';
import { checkOutPreviousRelease } from './kit/previousRelease.ts';
import { PROXIES, type ProxyName, startProxy } from './rolling/proxies.ts';
import { ask, postMessages } from './kit/traffic.ts';
import { freePort } from '../scripts/services/ports.ts';
import { processTypes, saysReady, spawnProcfile } from '../scripts/services/procfile.ts';
import { runToEnd } from '../scripts/services/supervise.ts';
import { type Process, startProcfile } from './kit/processes.ts';

const USAGE = `npm run rolling [-- PROXY... OPTIONS]

Restarts two replicas of web and every worker one by one behind a real proxy, with its configuration from deploy/, while
messages are posted through it. Prints a table; exits with 1 when a request failed, or a message was lost or doubled.
--upgrade starts with the release before this one (PREVIOUS_RELEASE, else the newest tag), migrates while it serves, replaces each
process by this release's, and then goes back to the release before in the same way.
  PROXY             of: ${PROXIES.join(' ')} (both); they must be installed
  --rate N          messages a second, 10
  --rounds N        how often everything is restarted, 1
  --upgrade         from the release before to this one, and back`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '1' },
    upgrade: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});

const TYPES = ['web', ...processTypes()];
const ENDED_WITHIN_MS = 300_000;
/** Ms between two restarts. */
const PAUSE_MS = 1_000;

type Outcome = {
  proxy: string;
  messages: number;
  restarts: number;
  failed: string;
  lost: number;
  doubled: number;
  slowest: string;
};

/** A pass over all processes: its name in the log, and the folder of the release that they start from. */
type Round = { says: string; root: string | undefined };

if (options.help) console.log(USAGE);
else {
  const names = PROXIES.filter((name) => positionals.length === 0 || positionals.includes(name));
  const outcomes: Outcome[] = [];
  for (const name of names)
    outcomes.push(options.upgrade ? await upgrade(name) : await restart(name, Number(options.rounds)));
  console.log(table(outcomes));
  process.exit(outcomes.every(isWell) ? 0 : 1);
}

async function restart(name: ProxyName, rounds: number): Promise<Outcome> {
  const ground = await startGround();
  const passes = Array.from({ length: rounds }, () => ({ says: 'restarting', root: undefined }));
  return roll(name, ground, { types: TYPES, first: undefined, rounds: passes });
}

async function upgrade(name: ProxyName): Promise<Outcome> {
  const before = await checkOutPreviousRelease();
  if (before === null) throw new Error('this clone has no release before: git fetch --tags --unshallow');
  try {
    const ground = await startGround(before.root);
    const known = TYPES.filter((type) => hasType(before.root, type));
    const rounds = [
      { says: 'upgrading', root: undefined },
      { says: `back to ${before.name}:`, root: before.root },
    ];
    const outcome = await roll(name, ground, { types: known, first: before.root, rounds });
    return { ...outcome, proxy: `${outcome.proxy}, from ${before.name} and back` };
  } finally {
    before.remove();
  }
}

/** Whether the release in `root` has a process type. */
function hasType(root: string, type: string): boolean {
  return readFileSync(join(root, 'Procfile'), 'utf8').includes(`\n${type}: `);
}

async function roll(
  name: ProxyName,
  ground: Ground,
  { types, first, rounds }: { types: string[]; first: string | undefined; rounds: Round[] },
): Promise<Outcome> {
  const stops = [() => ground.stop()];
  try {
    const ports = [await freePort(), await freePort()];
    const launch = (root: string | undefined, type: string, i: number) =>
      start(ground, type, ports[i] ?? 0, root);
    const running = await Promise.all(types.map((type, i) => launch(first, type, i)));
    stops.push(() => Promise.all(running.map((one) => one.stop())).then(() => {}));
    const proxy = await startProxy(name, ports);
    stops.push(proxy.stop);
    const traffic = postMessages(proxy.url, await makeUsers(ground, 50), Number(options.rate));
    await sleep(PAUSE_MS);
    if (first !== undefined) await runToEnd('scripts/migrate.ts', { ...process.env, ...ground.env });
    for (const { says, root } of rounds) {
      for (const [i, type] of types.entries()) {
        await sleep(PAUSE_MS);
        process.stderr.write(`${name}: ${says} ${type}\n`);
        await running[i]?.stop();
        running[i] = await launch(root, type, i);
      }
    }
    await sleep(PAUSE_MS);
    const { accepted, failures, slowestMs } = await traffic.end();
    const outcome = {
      proxy: proxy.version,
      messages: accepted + failures.length,
      restarts: rounds.length * types.length,
      failed: failures.length === 0 ? '0' : `${failures.length} (${[...new Set(failures)].join(', ')})`,
      slowest: `${Math.round(slowestMs)} ms`,
      ...(await count(ground, accepted)),
    };
    process.stderr.write(`${table([outcome])}\n`);
    return outcome;
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

function start(
  ground: Ground,
  type: string,
  port: number,
  root: string | undefined,
): Promise<Pick<Process, 'stop'>> {
  const env = { ...ground.env, LOG_LEVEL: 'info', TRUST_PROXY: '1', PORT: String(port) };
  return root === undefined ? startProcfile(type, env) : startOld(type, env, root);
}

/**
 * Starts a process of the release before. Its `web` counts as started when /livez answers: old ones are not ready on a newer
 * schema.
 */
async function startOld(
  type: string,
  env: Record<string, string>,
  root: string,
): Promise<Pick<Process, 'stop'>> {
  let said = false;
  const started = spawnProcfile(type, env, (line) => (said ||= saysReady(line)), root);
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(50))
    if (started.url === '' ? said : (await ask(`${started.url}/livez`, {})) === '200') return started;
  await started.stop();
  throw new Error(`${type} of the release before did not start`);
}

/** Waits until nothing is owed. Returns the numbers of unanswered messages and of messages stored or answered twice. */
async function count(ground: Ground, accepted: number): Promise<{ lost: number; doubled: number }> {
  await untilAnnounced(ground.query, ENDED_WITHIN_MS);
  const [found] = await ground.query<{ completed: number }>(
    `SELECT count(*)::int AS completed FROM runs WHERE status = 'completed' AND announced_at IS NOT NULL`,
  );
  const lost = Math.max(0, accepted - (found?.completed ?? 0));
  return { lost, doubled: await countDoubled(ground.query) };
}

function isWell({ failed, lost, doubled }: Outcome): boolean {
  return failed === '0' && lost + doubled === 0;
}

function table(outcomes: Outcome[]): string {
  const rows = outcomes.map(
    (one) =>
      `| ${one.proxy} | ${one.messages} | ${one.restarts} | ${one.failed} | ${one.lost} | ${one.doubled} | ${one.slowest} |`,
  );
  return [
    '| proxy | messages | restarts | failed requests | lost | doubled | slowest answer |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
