/** `npm run chaos`: see USAGE. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Agent } from './chaos/agent.ts';
import { Faults } from './chaos/faults.ts';
import { Figures } from './chaos/figures.ts';
import { Journal } from './chaos/journal.ts';
import { describe, makeReport, printReport } from './chaos/report.ts';
import { addFaqs, play } from './chaos/play.ts';
import { comeToRest } from './chaos/rest.ts';
import { AGENTS, COPIES, JOINED, makePlan, type Options, USERS } from './chaos/schedule.ts';
import { startStack } from './chaos/stack.ts';
import { User } from './chaos/user.ts';
import { verify } from './chaos/verify.ts';
import { processTypes } from '../scripts/services/procfile.ts';
import { runToEnd } from '../scripts/services/supervise.ts';

const USAGE = `npm run chaos [-- --seed N --messages 1000 --minutes 10 --kills 300 --wipes 20 --json FILE]

Runs several of every process type against stores of its own, sends messages, and meanwhile kills, stops, ends and
restarts everything at random: --kills processes by SIGKILL (and a few by SIGTERM and SIGSTOP), --wipes times a store
(Redis emptied, Redis killed, PostgreSQL killed), connections and the model besides. Then it waits for rest and checks
that no message was lost, doubled or spliced, in the rows and on every device: each was answered once, joined to one answer,
or stood once before a person. Users hand conversations over, agents take them, reply and give them back; while an agent has
one, the bot says nothing. Old conversations change and go meanwhile; at the end the dashboard must say what the rows say.

The seed decides what is sent and which fault strikes where, at which message; the same seed is the same schedule.
Exit code 1 when anything is wrong; what is known of the runs concerned is then in a file.
Needs PostgreSQL with pgvector (scripts/native-postgres.sh install). With DATABASE_URL it uses a database of its own on
that server, which it does not restart.`;

const OPTIONS = {
  seed: { type: 'string' },
  messages: { type: 'string', default: '1000' },
  minutes: { type: 'string', default: '10' },
  kills: { type: 'string', default: '300' },
  wipes: { type: 'string', default: '20' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Aim for the 99th percentile of recovery, in s. A busy machine may miss it: the report notes that, and does not fail. */
const AIM_S = 12;
const PROGRESS_MS = 2_000;

const stops: (() => Promise<unknown>)[] = [];
let stopping: Promise<void> | undefined;
stopWhenTold();
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  const code = await main();
  await stopAll();
  process.exit(code);
} catch (err) {
  if (!stopping) console.error(`npm run chaos: ${err instanceof Error ? err.message : err}`);
  await stopAll();
  process.exit(1);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return console.log(USAGE) ?? 0;
  const { seed = String(Date.now() % 1_000_000), messages, minutes, kills, wipes } = values;
  const options: Options = {
    seed: number('seed', seed),
    messages: number('messages', messages),
    minutes: number('minutes', minutes),
    kills: number('kills', kills),
    wipes: number('wipes', wipes),
  };
  const types = [...processTypes(), JOINED];
  console.log(
    `chaos: ${Object.entries(options)
      .map(([name, value]) => `--${name} ${value}`)
      .join(' ')}`,
  );
  console.log(`chaos: ${types.map((type) => `${COPIES[type] ?? 2} ${type}`).join(', ')}; starting`);

  const began = Date.now();
  const journal = new Journal();
  const stack = await startStack(types, journal, (env) => migrate(env), stops);
  await addFaqs(stack);
  const users: User[] = [];
  stops.unshift(async () => users.forEach((user) => user.devices.forEach((device) => device.close())));
  for (let i = 0; i < USERS; i++)
    users.push(await User.register(`user${i}_${options.seed}`, i % 3 === 2, stack.urls, journal));
  const agents = await Promise.all(
    Array.from({ length: AGENTS }, async (_, i) => {
      const name = `agent${i}_${options.seed}`;
      return new Agent(name, await User.signUpAgent(name, stack), stack.urls, journal);
    }),
  );
  const figures = await Figures.begin(`figures_${options.seed}`, stack);
  const faults = new Faults(stack, users, journal);
  const progress = setInterval(() => say(options, journal, faults, began), PROGRESS_MS);
  stops.unshift(async () => clearInterval(progress));

  const plan = makePlan(options, types, stack.postgres.restart !== undefined);
  await play({ plan, options, users, agents, faults, figures, stack });
  const left = await comeToRest(stack, users);
  for (const what of left) journal.wrong('other', `not at rest: ${what}`);
  clearInterval(progress);
  await verify(stack, users, agents, journal);
  await figures.check(journal);

  const report = makeReport({
    options,
    journal,
    users,
    agents,
    faults: faults.counts,
    durationMs: Date.now() - began,
  });
  printReport(report);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  const file = join(tmpdir(), `parley-chaos-${options.seed}.log`);
  const slow = (report.recovery?.p99_s ?? 0) > AIM_S;
  if (slow || !report.ok) writeFileSync(file, describe(journal));
  if (slow) console.log(`chaos: slower than the aim of ${AIM_S} s, see ${file}`);
  if (report.ok) return console.log('chaos: ok') ?? 0;
  for (const { kind, what, runId } of journal.wrongs.slice(0, 20))
    console.log(`${kind}: ${runId ? `run ${runId}: ` : ''}${what.slice(0, 300)}`);
  console.log(`chaos: ${journal.wrongs.length} wrong (see ${file}); again: --seed ${options.seed}`);
  return 1;
}

function migrate(env: Record<string, string>): Promise<void> {
  return runToEnd('scripts/migrate.ts', { ...process.env, ...env });
}

function say(options: Options, journal: Journal, faults: Faults, began: number): void {
  const stories = [...journal.stories.values()];
  const taken = stories.filter(({ acceptedAt }) => acceptedAt !== undefined).length;
  const ended = stories.filter(({ endedAt }) => endedAt !== undefined).length;
  const counts = [...faults.counts].map(([kind, count]) => `${kind} ${count}`).join(', ');
  const wrong = journal.wrongs.length > 0 ? `  WRONG ${journal.wrongs.length}` : '';
  const seconds = String(Math.round((Date.now() - began) / 1000)).padStart(4);
  console.log(`${seconds} s  taken ${taken}/${options.messages}  ended ${ended}  ${counts}${wrong}`);
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0 && (name === 'minutes' || Number.isInteger(value))) return value;
  throw new Error(`--${name} must be a number`);
}

/** Stops everything, last started first. A failed step does not prevent the others. */
function stopAll(): Promise<void> {
  stopping ??= (async () => {
    for (const stop of stops) await stop().catch((err: Error) => console.error(`chaos: ${err.message}`));
  })();
  return stopping;
}

function stopWhenTold(): void {
  const end = () => void stopAll().then(() => process.exit(130));
  // npm repeats the terminal's Ctrl-C; `end` must stop everything only once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  process.on('unhandledRejection', (err) => {
    console.error('chaos:', err);
    end();
  });
  // A killed npm cannot pass on a signal.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    console.error('chaos: whoever started this is gone; stopping');
    end();
  }, 500).unref();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
