/** A case of an alert: series that are good for some minutes, bad for as many, and good again. */
export type Case = { alert: string; minutes: number; series: Record<string, string> };

/** Most alerts wait for minutes, some for an hour. */
const [SHORT, LONG] = [30, 80];

/** A value that is good, then bad, then good. `_` is no value. */
function gauge(good: number | '_', bad: number | '_', minutes = SHORT): string {
  return [good, bad, good].map((value) => `${value}x${minutes}`).join(' ');
}

/** A counter that grows by so much a minute. */
function counter(good: number, bad: number): string {
  const [first, second] = [good * (SHORT + 1), good * (SHORT + 1) + bad * (SHORT + 1)];
  return `0+${good}x${SHORT} ${first}+${bad}x${SHORT} ${second}+${good}x${SHORT}`;
}

const UP = { 'up{job="web",process="web",instance="a"}': gauge(1, 1) };

export const cases: Case[] = [
  {
    alert: 'ErrorRate',
    minutes: SHORT,
    series: {
      'http_requests_total{status="500"}': counter(0, 6),
      'http_requests_total{status="200"}': counter(100, 100),
    },
  },
  {
    alert: 'ResponseTime',
    minutes: SHORT,
    series: {
      'http_request_duration_seconds_bucket{endpoint="/a",le="0.5"}': counter(100, 50),
      'http_request_duration_seconds_bucket{endpoint="/a",le="2.5"}': counter(100, 100),
      'http_request_duration_seconds_bucket{endpoint="/a",le="+Inf"}': counter(100, 100),
    },
  },
  {
    alert: 'FirstTokenLate',
    minutes: SHORT,
    series: {
      'run_first_token_seconds_bucket{le="5"}': counter(100, 50),
      'run_first_token_seconds_bucket{le="40"}': counter(100, 100),
      'run_first_token_seconds_bucket{le="+Inf"}': counter(100, 100),
    },
  },
  {
    alert: 'RunsFail',
    minutes: SHORT,
    series: {
      'runs_ended_total{status="failed"}': counter(0, 10),
      'runs_ended_total{status="completed"}': counter(100, 90),
    },
  },
  { alert: 'FrontDown', minutes: SHORT, series: { 'probe_success{job="front",instance="x"}': gauge(1, 0) } },
  {
    alert: 'OldestWaiting',
    minutes: SHORT,
    series: { 'queue_oldest_waiting_seconds{queue="completion"}': gauge(5, 60) },
  },
  {
    alert: 'OwedWorkGrows',
    minutes: SHORT,
    series: {
      'runs_open{state="queued"}': `5x${SHORT} 200+30x${SHORT} 5x${SHORT}`,
      'runs_open{state="waiting"}': gauge(0, 0),
    },
  },
  { alert: 'OldestRun', minutes: SHORT, series: { runs_oldest_open_seconds: gauge(10, 2_000) } },
  {
    alert: 'DeliveriesLost',
    minutes: SHORT,
    series: { 'reconciler_findings_total{kind="delivered"}': counter(0, 30) },
  },
  {
    alert: 'ProcessTypeMissing',
    minutes: SHORT,
    series: { ...UP, 'up{job="workers",process="context",instance="b"}': gauge(1, 0) },
  },
  {
    alert: 'LogRate',
    minutes: SHORT,
    series: { 'log_lines_total{process="web",level="error"}': counter(1, 120) },
  },
  { alert: 'BreakerOpen', minutes: SHORT, series: { 'provider_breaker_open{calls="query"}': gauge(0, 1) } },
  {
    alert: 'ModelAway',
    minutes: SHORT,
    series: {
      'ai_requests_total{provider="openai",model="m",outcome="ok"}': counter(10, 0),
      'ai_requests_total{provider="openai",model="m",outcome="unavailable"}': counter(0, 10),
    },
  },
  {
    alert: 'ProviderQuota',
    minutes: SHORT,
    series: { 'ai_errors_total{provider="openai",model="m",kind="provider_quota"}': counter(0, 1) },
  },
  { alert: 'BudgetNearlyUsed', minutes: SHORT, series: { budget_used_ratio: gauge(0.5, 0.9) } },
  {
    alert: 'PoolExhausted',
    minutes: SHORT,
    series: { 'db_connections_waited_for{process="web",instance="a"}': gauge(0, 3) },
  },
  {
    alert: 'ServerConnections',
    minutes: SHORT,
    series: { db_server_connections: gauge(50, 95), db_server_connections_max: gauge(100, 100) },
  },
  {
    alert: 'RedisAway',
    minutes: SHORT,
    series: { ...UP, 'queue_jobs{queue="completion",state="waiting"}': gauge(1, '_') },
  },
  {
    alert: 'RedisMemory',
    minutes: SHORT,
    series: { redis_memory_used_bytes: gauge(100, 900), redis_memory_max_bytes: gauge(1_000, 1_000) },
  },
  { alert: 'RedisMisfit', minutes: SHORT, series: { 'redis_misfits{what="policy"}': gauge(0, 1) } },
  { alert: 'ReplicationLag', minutes: SHORT, series: { pg_replication_lag_seconds: gauge(1, 120) } },
  {
    alert: 'WalKeptBack',
    minutes: SHORT,
    series: { 'pg_replication_slots_pg_wal_lsn_diff{slot_name="s"}': gauge(1e6, 5e9) },
  },
  {
    alert: 'BackupOld',
    minutes: LONG,
    series: {
      'up{job="web"}': gauge(1, 1, LONG),
      'backup_age_seconds{kind="dump"}': gauge(3_600, 100_000, LONG),
    },
  },
  {
    alert: 'BackupNotTried',
    minutes: LONG,
    series: { 'backup_age_seconds{kind="check"}': gauge(3_600, 700_000, LONG) },
  },
  {
    alert: 'DiskFull',
    minutes: SHORT,
    series: {
      'node_filesystem_avail_bytes{instance="m",mountpoint="/",fstype="ext4"}': gauge(500, 50),
      'node_filesystem_size_bytes{instance="m",mountpoint="/",fstype="ext4"}': gauge(1_000, 1_000),
    },
  },
  {
    alert: 'CertificateEnds',
    minutes: LONG,
    series: { 'probe_ssl_earliest_cert_expiry{instance="x"}': gauge(1e9, 86_400, LONG) },
  },
  {
    alert: 'EventLoopBlocked',
    minutes: SHORT,
    series: { 'nodejs_eventloop_lag_p99_seconds{process="web",instance="a"}': gauge(0.01, 0.9) },
  },
];

/**
 * Returns the unit test of a case for promtool: the alert is silent at first, fires, and is silent again.
 * @param rulesFile holds this alert alone, because promtool evaluates all that there is
 */
export function promtoolTest({ alert, minutes, series }: Case, rulesFile: string): object {
  const at = (minute: number, fires: boolean) => ({
    expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
    eval_time: `${minute}m`,
    exp_samples: fires ? [{ labels: '{}', value: 1 }] : [],
  });
  const test = {
    name: alert,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [at(minutes - 3, false), at(2 * minutes - 3, true), at(3 * minutes - 3, false)],
  };
  return { rule_files: [rulesFile], evaluation_interval: '1m', tests: [test] };
}

/** Which receiver hears of an alert with these labels. */
export const routes: { labels: string[]; receiver: string }[] = [
  { labels: ['alertname=RedisAway', 'severity=page'], receiver: 'page' },
  { labels: ['alertname=BackupOld', 'severity=ticket'], receiver: 'ticket' },
  { labels: ['alertname=SomethingNew'], receiver: 'ticket' },
];
