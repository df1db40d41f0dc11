import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alertsIn } from '../monitoring/expressions.ts';
import { cases, promtoolTest, routes } from '../monitoring/cases.ts';
import { expectNone, run, type Step } from './step.ts';

const ALERTS = 'deploy/monitoring/alerts.yml';
const DASHBOARDS = 'deploy/monitoring/dashboards';

export const monitoring: Step[] = [
  {
    name: 'prometheus: configuration',
    run: async (root) =>
      void (await run('promtool', ['check', 'config', join(root, 'deploy/monitoring/prometheus.yml')])),
    faults: [
      { file: 'deploy/monitoring/prometheus.yml', from: 'scrape_interval: 15s', to: 'scrape_intervall: 15s' },
    ],
  },
  {
    name: 'prometheus: alerts',
    run: (root) =>
      inFolder(async (folder) => {
        const known = new Set(cases.map(({ alert }) => alert));
        const alerts = alertsIn(readFileSync(join(root, ALERTS), 'utf8'));
        expectNone(
          alerts
            .filter(({ alert }) => !known.has(alert))
            .map(({ alert }) => `no case shows that ${alert} fires`),
        );
        const files = cases.map((one) => {
          const rules = join(folder, `${one.alert}.rules.yml`);
          const rule = alerts.find(({ alert }) => alert === one.alert)?.rule;
          if (rule === undefined) throw new Error(`there is no alert ${one.alert}`);
          writeFileSync(rules, `groups:\n  - name: one\n    rules:\n${rule}\n`);
          const test = join(folder, `${one.alert}.test.yml`);
          writeFileSync(test, JSON.stringify(promtoolTest(one, rules)));
          return test;
        });
        await run('promtool', ['check', 'rules', join(root, ALERTS)]);
        await run('promtool', ['test', 'rules', ...files]);
      }),
    faults: [
      { file: ALERTS, from: '> 0.02', to: '> 0.9' },
      { file: ALERTS, from: 'alert: RedisMemory', to: 'alert: RedisMemories' },
      { file: ALERTS, from: '- time() < 14 * 86400', to: '- time() < 14' },
    ],
  },
  {
    name: 'prometheus: expressions of dashboards',
    run: (root) =>
      inFolder(async (folder) => {
        const expressions = expressionsBelow(join(root, DASHBOARDS));
        const rules = expressions.map((expr, i) => ({
          record: `panel:${i}`,
          expr: expr.replaceAll('$__rate_interval', '5m'),
        }));
        const file = join(folder, 'panels.yml');
        writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
        await run('promtool', ['check', 'rules', file]);
      }),
    faults: [{ file: `${DASHBOARDS}/parley-work.json`, from: '"expr": "', to: '"expr": "sum(' }],
  },
  {
    name: 'alertmanager',
    run: (root) =>
      inFolder(async (folder) => {
        const file = join(folder, 'alertmanager.yml');
        const config = readFileSync(join(root, 'deploy/monitoring/alertmanager.yml'), 'utf8');
        // Debian's amtool 0.25 does not know url_file, which 0.26 brought.
        writeFileSync(
          file,
          config.replaceAll(/url_file: \S+secrets\/(\w+)\.url/g, "url: 'http://127.0.0.1:9/$1'"),
        );
        await run('amtool', ['check-config', file]);
        for (const { labels, receiver } of routes)
          await run('amtool', [
            'config',
            'routes',
            'test',
            `--config.file=${file}`,
            `--verify.receivers=${receiver}`,
            ...labels,
          ]);
      }),
    faults: [
      { file: 'deploy/monitoring/alertmanager.yml', from: 'receiver: page', to: 'receiver: ticket' },
      { file: 'deploy/monitoring/alertmanager.yml', from: 'name: page', to: 'name: pages' },
    ],
  },
];

/** Returns the expressions of all panels in a folder of dashboards. */
function expressionsBelow(folder: string): string[] {
  const found: string[] = [];
  const note = (key: string, value: unknown) => {
    if (key === 'expr') found.push(String(value));
    return value;
  };
  for (const name of readdirSync(folder)) JSON.parse(readFileSync(join(folder, name), 'utf8'), note);
  if (found.length === 0) throw new Error(`${folder} has no expressions`);
  return found;
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-monitoring-'));
  await work(folder).finally(() => rmSync(folder, { recursive: true }));
}
