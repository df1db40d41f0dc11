/** `npm run report`: see USAGE. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { command } from './services/command.ts';

const USAGE = `npm run report [-- --from DATE] [--to DATE] [--timezone ZONE] [--out FILE]

Writes the figures of DATABASE_URL as one HTML page with charts, which needs no network and no script.

--from, --to  dates or times, --to exclusive; left out: the last thirty days
--timezone    IANA; left out: UTC
--out         the file; left out: report.html. - prints the page`;

await command('report', main);

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { from: text, to: text, timezone: text, out: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return console.log(USAGE);
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const { windowOf } = await import('../shared/analytics/window.ts');
    const { dashboard } = await import('../shared/analytics/dashboard.ts');
    const { overTime } = await import('../shared/analytics/overTime.ts');
    const { costs } = await import('../shared/analytics/costs.ts');
    const { knowledge } = await import('../shared/analytics/knowledge.ts');
    const { reportPage } = await import('../shared/analytics/report.ts');
    const window = await windowOf(values, 'UTC');
    const long = window.to.getTime() - window.from.getTime() > 100 * 86_400_000;
    const page = reportPage({
      dashboard: await dashboard(window),
      buckets: await overTime(window, long ? 'week' : 'day'),
      costs: await costs(window),
      knowledge: await knowledge(window, 20),
    });
    const out = values.out ?? 'report.html';
    if (out === '-') process.stdout.write(page);
    else {
      writeFileSync(out, page);
      console.log(`report: wrote ${out}`);
    }
  } finally {
    await stop();
  }
}
