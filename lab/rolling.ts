/** `npm run rolling`: see USAGE. */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeUsers } from './bench/load.ts';
import { type Ground, startGround } from './bench/stack.ts';
import { PROXIES, type ProxyName, startProxy } from './rolling/proxies.ts';
import { postMessages } from './rolling/traffic.ts';
import { freePort } from '../scripts/services/ports.ts';
import { type Process, startProcfile } from './kit/processes.ts';

const USAGE = `npm run rolling [-- PROXY... OPTIONS]

Restarts two replicas of web and every worker one by one behind a real proxy, with its configuration from deploy/, while
messages are posted through it. Prints a table; exits with 1 when a request failed, or a message was lost or doubled.
  PROXY             of: ${PROXIES.join(' ')} (both); they must be installed
  --rate N          messages a second, 10
  --rounds N        how often everything is restarted, 1`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});

const TYPES = ['web', 'web', 'moderation', 'context', 'completion', 'embedding', 'housekeeping'];
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

if (options.help) console.log(USAGE);
else {
  const names = PROXIES.filter((name) => positionals.length === 0 || positionals.includes(name));
  const outcomes: Outcome[] = [];
  for (const name of names) outcomes.push(await roll(name, Number(options.rate), Number(options.rounds)));
  console.log(table(outcomes));
  process.exit(outcomes.every(isWell) ? 0 : 1);
}

async function roll(name: ProxyName, rate: number, rounds: number): Promise<Outcome> {
  const ground = await startGround();
  const stops = [() => ground.stop()];
  try {
    const ports = [await freePort(), await freePort()];
    const launch = (type: string, i: number) => start(ground, type, ports[i] ?? 0);
    const running = await Promise.all(TYPES.map(launch));
    stops.push(() => Promise.all(running.map((one) => one.stop())).then(() => {}));
    const port = await freePort();
    const proxy = await startProxy(name, port, ports);
    stops.push(proxy.stop);
    const traffic = postMessages(port, await makeUsers(ground, 50), rate);
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, type] of TYPES.entries()) {
        await sleep(PAUSE_MS);
        process.stderr.write(`${name}: restarting ${type}\n`);
        await running[i]?.stop();
        running[i] = await launch(type, i);
      }
    }
    await sleep(PAUSE_MS);
    const { accepted, failures, slowestMs } = await traffic.end();
    const outcome = {
      proxy: proxy.version,
      messages: accepted + failures.length,
      restarts: rounds * TYPES.length,
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

function start(ground: Ground, type: string, port: number): Promise<Process> {
  return startProcfile(type, { ...ground.env, LOG_LEVEL: 'info', TRUST_PROXY: '1', PORT: String(port) });
}

/** Waits until nothing is owed. Returns the numbers of unanswered messages and of messages stored or answered twice. */
async function count(ground: Ground, accepted: number): Promise<{ lost: number; doubled: number }> {
  const open = 'SELECT count(*)::int AS open FROM runs WHERE announced_at IS NULL';
  for (const until = Date.now() + ENDED_WITHIN_MS; Date.now() < until; await sleep(250))
    if ((await ground.query<{ open: number }>(open))[0]?.open === 0) break;
  const [found] = await ground.query<{ completed: number; doubled: number }>(
    `SELECT (SELECT count(*)::int FROM runs WHERE status = 'completed' AND announced_at IS NOT NULL) AS completed,
       (SELECT coalesce(sum(copies - 1), 0)::int FROM (
          SELECT count(*) AS copies FROM messages WHERE message_type = 'user' GROUP BY content
          UNION ALL SELECT count(*) FROM messages WHERE message_type = 'assistant' GROUP BY run_id) AS of_each) AS doubled`,
  );
  return { lost: Math.max(0, accepted - (found?.completed ?? 0)), doubled: found?.doubled ?? 0 };
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
