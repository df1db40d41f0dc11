/** `npm run bench`: see USAGE. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { costs, costTable } from './bench/costs.ts';
import { type Figure, figures } from './bench/figures.ts';
import { growth } from './bench/growth.ts';
import { median } from './bench/load.ts';
import { compare, type Line, type Measured, ratios, table, writeCharts } from './bench/report.ts';
import { atRest } from './bench/atRest.ts';
import { soak } from './bench/soak.ts';
import { timeline } from './bench/timeline.ts';
import { startGround } from './kit/ground.ts';

const USAGE = `npm run bench [-- NAME... OPTIONS]

Measures Parley on a private stack (native PostgreSQL with fsync, Redis, a provider without delay), each figure in
turn with its floor, and prints medians (least–most) of the rounds.
  NAME, --only NAME,…  of: ${figures.map(({ name }) => name).join(' ')}
                    (${figures.flatMap(({ name, named }) => (named ? [name] : [])).join(' and ')} only when they are named)
  --rounds N        5; of a soak 2
  --costs           also what one message costs, by stage: statements, round trips, bytes, CPU
  --joined          of --costs: with moderation, context and completion in one process
  --growth          also how the figures change with workers, stored messages, conversations and sockets
  soak              alone: rounds of idle sockets and messages, and what every process holds at rest after each
  --minutes N, --sockets N, --rate N      of a soak: how long a round lasts, 10; 2000; messages a second, 20
  timeline          alone: where the time of an unloaded message goes, statement by statement, in ours and in the floor
  rest              alone: the memory that each process holds at rest, beside a worker without any code of ours
  --json FILE       writes everything there
  --charts          writes docs/bench.svg
  --against FILE    compares the ratios with an earlier --json FILE`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    costs: { type: 'boolean' },
    joined: { type: 'boolean', default: false },
    growth: { type: 'boolean' },
    minutes: { type: 'string', default: '10' },
    sockets: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '20' },
    json: { type: 'string' },
    charts: { type: 'boolean' },
    against: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (options.help) console.log(USAGE);
else {
  await main();
  // Exits here: the clients' sockets would reconnect forever.
  process.exit();
}

async function main(): Promise<void> {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${date}, ${machine}\n`);
  if (positionals.includes('timeline')) return console.log(await timeline());
  if (positionals.includes('rest')) return console.log(await atRest());
  if (positionals.includes('soak')) {
    const [minutes, sockets, rate] = [options.minutes, options.sockets, options.rate].map(Number) as [
      number,
      number,
      number,
    ];
    console.log(await soak({ minutes, sockets, rate, rounds: Number(options.rounds ?? 2) }));
    return;
  }
  const named = [...positionals, ...(options.only?.split(',') ?? [])];
  const unknown = named.find((one) => !figures.some(({ name }) => name === one));
  if (unknown !== undefined) throw new Error(`no figure is called ${unknown}\n${USAGE}`);
  const lines: Line[] = [];
  for (const figure of figures) {
    if (named.length > 0 ? !named.includes(figure.name) : figure.named) continue;
    const measured = await measure(figure, Number(options.rounds ?? 5));
    // Prints now, since a later figure may fail.
    process.stderr.write(`${table(measured)}\n`);
    lines.push(...measured);
  }
  console.log(`\n${table(lines)}`);
  const cost = options.costs ? await costs(options.joined) : [];
  if (options.costs) console.log(`\n${costTable(cost)}`);
  const grown = options.growth ? await growth() : [];
  for (const { title, points } of grown)
    console.log(`\n${title}: ${points.map(([x, y]) => `${x} → ${y}`).join(' · ')}`);
  if (options.charts) writeCharts(lines);
  if (options.json)
    writeFileSync(
      options.json,
      JSON.stringify({ date, machine, lines, cost, grown, ratios: medians(lines) }, null, 2),
    );
  if (options.against)
    console.log(`\n${compare(lines, JSON.parse(readFileSync(options.against, 'utf8')).ratios)}`);
}

/** Measures a figure on a new ground, so that no work or data affects the next figure. */
async function measure(figure: Figure, rounds: number): Promise<Line[]> {
  const ground = await startGround();
  try {
    const round = await figure.prepare(ground);
    const lines = new Map<string, Line>();
    for (let i = 0; i < rounds; i += 1) {
      process.stderr.write(`${figure.name}: round ${i + 1} of ${rounds}\n`);
      for (const measured of await round(i)) add(lines, measured);
    }
    return [...lines.values()];
  } finally {
    await ground.stop();
  }
}

function add(lines: Map<string, Line>, { ours, floors, ...rest }: Measured): void {
  const line = lines.get(rest.figure) ?? { ...rest, ours: [], floors: [] };
  line.ours.push(ours);
  line.floors.push(floors);
  lines.set(rest.figure, line);
}

function medians(lines: Line[]): { figure: string; ratio: number }[] {
  return lines.map((line) => ({ figure: line.figure, ratio: median(ratios(line)) }));
}
