import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { registry } from '../../shared/ops/metrics.ts';
// Registers what no module does at import.
import '../../shared/provider/breaker.ts';
import { cases } from '../../scripts/monitoring/cases.ts';
import { dashboards, expressionsOf } from '../../scripts/monitoring/dashboards.ts';
import { alertsIn, FOREIGN, metricsIn } from '../../scripts/monitoring/expressions.ts';
import { scrape } from '../support/exposition.ts';
import { onNative } from '../support/native.ts';
import { type Stack, startStack } from '../support/stack.ts';

const alerts = alertsIn(readFileSync('deploy/monitoring/alerts.yml', 'utf8'));

describe('the names of metrics in an expression', () => {
  it('are found beside functions, labels, ranges and words', () => {
    const expression =
      'histogram_quantile(0.9, sum by (le, state) (rate(a_bucket{b="c_total{}"}[5m]))) > 1.5e3 and on () max(d:e) unless bool_f == bool 1';
    expect(metricsIn(expression)).to.deep.equal(['a_bucket', 'd:e', 'bool_f']);
  });
});

describe('the alerts and dashboards', () => {
  let stack: Stack;
  let known: Set<string>;
  before(async function () {
    this.timeout(60_000);
    stack = await startStack({}, ['web']);
    const samples = await scrape(stack.web[0] ?? '');
    // A counter with labels has no sample before its first event: its name is registered all the same.
    const registered = (await registry.getMetricsAsJSON()).flatMap(({ name, type }) =>
      String(type) === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
    );
    known = new Set([...samples.map(({ name }) => name), ...registered, ...FOREIGN]);
  });
  after(async function () {
    this.timeout(60_000);
    await stack.stop();
  });

  it('use metrics that /metrics has, or another exporter', () => {
    for (const { alert, expr } of alerts) {
      expect(metricsIn(expr), alert).not.to.deep.equal([]);
      for (const name of metricsIn(expr)) expect(known.has(name), `${alert}: ${name}`).to.equal(true);
    }
    for (const one of dashboards)
      for (const expression of expressionsOf(one))
        for (const name of metricsIn(expression))
          expect(known.has(name), `${one.uid}: ${name}`).to.equal(true);
  });

  it('of which the gauges of stores have a value', async () => {
    const samples = await scrape(stack.web[0] ?? '');
    // PGlite has one connection, and counts none.
    const connections = onNative ? ['db_server_connections'] : [];
    for (const name of [...connections, 'db_server_connections_max', 'redis_memory_used_bytes'])
      expect(samples.find((sample) => sample.name === name)?.value, name).to.be.above(0);
    expect(samples.some(({ name }) => name === 'runs_open')).to.equal(true);
  });

  it('name a runbook that is a section of the operators’ page', () => {
    const page = readFileSync('docs/operations.md', 'utf8');
    const sections = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(/\s/g, '-'),
    );
    expect(alerts.length).to.be.above(20);
    for (const { alert, runbook } of alerts) {
      expect(runbook, alert).to.match(/^docs\/operations\.md#/);
      expect(sections, alert).to.include(runbook.split('#')[1]);
    }
  });

  it('have a case each that shows them fire, and a severity', () => {
    expect(cases.map(({ alert }) => alert).toSorted()).to.deep.equal(
      alerts.map(({ alert }) => alert).toSorted(),
    );
    for (const { alert, severity } of alerts) expect(severity, alert).to.match(/^(page|ticket)$/);
  });
});
