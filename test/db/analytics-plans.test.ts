import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import pg from 'pg';
import { knex } from '../../db/knex.ts';
import { begunOf, cellsOf, peopleOf, spreadOf } from '../../db/models/analytics/figures.ts';
import { type Range, type Ranges, rangesOf } from '../../db/models/analytics/ranges.ts';
import { dashboard } from '../../shared/analytics/dashboard.ts';
import { loadHistory } from '../../lab/seed/history.ts';
import { env } from '../../shared/base/env.ts';
import { itNative } from '../support/native.ts';
import { explain, scansOf } from '../support/plans.ts';

/** PLANS_MESSAGES=1000000 made the figures of docs/plans.md. */
const MESSAGES = Number(process.env.PLANS_MESSAGES ?? 20_000);
const DAYS = process.env.PLANS_MESSAGES ? 90 : 5;
const DAY = 86_400_000;
const LOOKS = 100;

/** Explains the statements of the dashboard over a history up to the present moment. */
// Only on request: its history takes minutes to make on a busy machine.
(process.env.PLANS_MESSAGES ? describe : describe.skip)('the planner, for the dashboard', function () {
  this.timeout(1_200_000);
  const to = new Date();
  const window: Range = { from: new Date(to.getTime() - DAYS * DAY), to };
  let moments: Ranges;
  let begun: Ranges;
  before(async () => {
    await loadHistory(window, MESSAGES);
    await countPatiently();
    await knex.raw('ANALYZE');
    moments = await rangesOf('moments', window, true);
    begun = await rangesOf('begun', window, true);
  });

  const READS: Record<string, () => Promise<unknown[]>> = {
    'facts by dimension': () => cellsOf(moments, []),
    'speed and uses of FAQs': async () => [await spreadOf(moments, 10)],
    'different people': async () => [await peopleOf(moments)],
    'fates of conversations': async () => [await begunOf(begun, env.RESOLVED_AFTER_H)],
  };
  for (const [name, read] of Object.entries(READS)) {
    itNative(`reads ${name} from rollups, and from the rows only by their time`, async () => {
      const { plan } = await explain(read);
      const scans = scansOf(plan).map((one) => Number(one['Actual Rows']) * Number(one['Actual Loops']));
      const buffers = Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
      console.log(`${name}: ${scans.reduce((sum, n) => sum + n, 0)} rows, ${buffers} buffers`);
      for (const scan of scansOf(plan).filter((one) => ROWS.includes(String(one['Relation Name']))))
        expect(`${scan['Relation Name']}: ${scan['Node Type']}`).to.match(/Index|Bitmap/);
    });
  }

  itNative('answers the dashboard from what was counted, and says what a look takes', async () => {
    const took: number[] = [];
    const asked = { ...window, timezone: 'Europe/Berlin' };
    // Every connection plans its statements in the first looks.
    for (let i = 0; i < 20; i += 1) await dashboard(asked);
    const spent = await cpuOfDatabase();
    for (let i = 0; i < LOOKS; i += 1) {
      const began = performance.now();
      const { totals } = await dashboard(asked);
      took.push(performance.now() - began);
      expect(totals.answers).to.equal(MESSAGES / 2);
    }
    console.log(`${percentiles(took)}; PostgreSQL: ${await spent()} ms of CPU a look`);
  });
});

/** Counts without the time limit of requests: the machine may be busy. */
async function countPatiently(): Promise<void> {
  const client = new pg.Client(process.env.DATABASE_URL);
  await client.connect();
  const next = async (part: string) => {
    const { rows } = await client.query('SELECT analytics_count($1, $2) AS counted', [
      part,
      env.RESOLVED_AFTER_H,
    ]);
    return rows[0].counted as boolean;
  };
  for (const part of ['moments', 'begun']) while (await next(part));
  await client.end();
}

/** Begins to count what the connections of the pool use. The result is NaN where /proc does not show it: see `man 5 proc`. */
async function cpuOfDatabase(): Promise<() => Promise<string>> {
  const ticks = async () => {
    const { rows } = await knex.raw<{ rows: { pid: number }[] }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'parley'`,
    );
    const stats = await Promise.all(
      rows.map(({ pid }) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
    );
    return stats
      .map((stat) => stat.slice(stat.indexOf(') ')).split(' '))
      .reduce((sum, fields) => sum + Number(fields[12]) + Number(fields[13]), 0);
  };
  const before = await ticks();
  return async () => ((((await ticks()) - before) * 10) / LOOKS).toFixed(1);
}

const ROWS = ['messages', 'runs', 'conversations', 'message_feedback', 'episodes'];

function percentiles(took: number[]): string {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)]?.toFixed(1);
  return `dashboard: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${took.length} looks`;
}
