/** A panel: what it shows, and by which expressions. */
type Panel = {
  title: string;
  unit?: 's' | 'percentunit' | 'bytes' | 'reqps' | 'short';
  /** Expression by legend. */
  shows: Record<string, string>;
  kind?: 'timeseries' | 'stat';
  /** From which value on it is red. */
  red?: number;
};

export type Dashboard = { uid: string; title: string; panels: Panel[] };

const RATE = '[$__rate_interval]';
const quantile = (q: number, metric: string, by = '', labels = '') =>
  `histogram_quantile(${q}, sum by (le${by}) (rate(${metric}_bucket${labels}${RATE})))`;

export const dashboards: Dashboard[] = [
  {
    uid: 'parley-users',
    title: 'What users notice',
    panels: [
      {
        title: 'Requests',
        unit: 'reqps',
        shows: { '{{status}}': `sum by (status) (rate(http_requests_total${RATE}))` },
      },
      {
        title: 'Share of 5xx',
        unit: 'percentunit',
        red: 0.02,
        kind: 'stat',
        shows: {
          '5xx': `sum(rate(http_requests_total{status=~"5.."}${RATE})) / sum(rate(http_requests_total${RATE}))`,
        },
      },
      {
        title: 'Time of requests',
        unit: 's',
        shows: {
          median: quantile(0.5, 'http_request_duration_seconds'),
          p95: quantile(0.95, 'http_request_duration_seconds'),
          p99: quantile(0.99, 'http_request_duration_seconds'),
        },
      },
      {
        title: 'Slowest routes (p95)',
        unit: 's',
        shows: {
          '{{endpoint}}': `topk(8, ${quantile(0.95, 'http_request_duration_seconds', ', endpoint')})`,
        },
      },
      {
        title: 'From message to first token',
        unit: 's',
        red: 10,
        shows: {
          median: quantile(0.5, 'run_first_token_seconds'),
          p95: quantile(0.95, 'run_first_token_seconds'),
        },
      },
      {
        title: 'Ended answers',
        unit: 'reqps',
        shows: { '{{status}}': `sum by (status) (rate(runs_ended_total${RATE}))` },
      },
      { title: 'Signed-in sockets', unit: 'short', shows: { '{{instance}}': 'sockets_connected' } },
      {
        title: 'Refused by limits',
        unit: 'reqps',
        shows: { '{{limit}}': `sum by (limit) (rate(rate_limited_total${RATE}))` },
      },
    ],
  },
  {
    uid: 'parley-answers',
    title: 'Answers and models',
    panels: [
      {
        title: 'Stages of an answer (p95)',
        unit: 's',
        shows: { '{{stage}}': quantile(0.95, 'run_stage_duration_seconds', ', stage') },
      },
      {
        title: "The engine's own part (p95)",
        unit: 's',
        shows: { overhead: quantile(0.95, 'engine_overhead_seconds') },
      },
      {
        title: 'Calls of models',
        unit: 'reqps',
        shows: { '{{model}} {{outcome}}': `sum by (model, outcome) (rate(ai_requests_total${RATE}))` },
      },
      {
        title: 'Errors of models',
        unit: 'reqps',
        shows: {
          '{{model}} {{kind}}': `sum by (model, kind) (rate(ai_errors_total${RATE}))`,
          '{{model}} embedding {{kind}}': `sum by (model, kind) (rate(embedding_failures_total${RATE}))`,
        },
      },
      {
        title: "The models' first token (p95)",
        unit: 's',
        shows: { '{{model}}': quantile(0.95, 'ai_first_token_seconds', ', model') },
      },
      {
        title: 'Whole calls (p95)',
        unit: 's',
        shows: { '{{model}}': quantile(0.95, 'ai_response_time_seconds', ', model') },
      },
      {
        title: 'Tokens',
        unit: 'short',
        shows: { '{{model}} {{kind}}': `sum by (model, kind) (rate(ai_tokens_used_total${RATE}))` },
      },
      {
        title: 'Budget of this day',
        unit: 'percentunit',
        kind: 'stat',
        red: 0.8,
        shows: { used: 'max(budget_used_ratio)' },
      },
      {
        title: 'Output guard',
        unit: 'reqps',
        shows: { '{{outcome}}': `sum by (outcome) (rate(guard_windows_total${RATE}))` },
      },
      {
        title: 'Open breakers',
        unit: 'short',
        red: 1,
        kind: 'stat',
        shows: { '{{calls}}': 'max by (calls) (provider_breaker_open)' },
      },
    ],
  },
  {
    uid: 'parley-work',
    title: 'Work and processes',
    panels: [
      {
        title: 'Age of the oldest waiting job',
        unit: 's',
        red: 30,
        shows: { '{{queue}}': 'max by (queue) (queue_oldest_waiting_seconds)' },
      },
      {
        title: 'Jobs',
        unit: 'short',
        shows: { '{{queue}} {{state}}': 'max by (queue, state) (queue_jobs{state!~"completed|failed"}) > 0' },
      },
      { title: 'Open runs', unit: 'short', shows: { '{{state}}': 'max by (state) (runs_open)' } },
      {
        title: 'Age of the oldest open run',
        unit: 's',
        red: 900,
        kind: 'stat',
        shows: { age: 'max(runs_oldest_open_seconds)' },
      },
      {
        title: 'Time of jobs (p95)',
        unit: 's',
        shows: { '{{queue}}': quantile(0.95, 'job_duration_seconds', ', queue') },
      },
      {
        title: 'Jobs begun again and put back',
        unit: 'reqps',
        shows: {
          '{{queue}} again': `sum by (queue) (rate(job_retries_total${RATE}))`,
          '{{queue}} put back': `sum by (queue) (rate(job_put_backs_total${RATE}))`,
        },
      },
      {
        title: 'What housekeeping found',
        unit: 'reqps',
        shows: { '{{kind}}': `sum by (kind) (rate(reconciler_findings_total${RATE}))` },
      },
      {
        title: 'Attempts beyond the first',
        unit: 'reqps',
        shows: { '{{reason}}': `sum by (reason) (rate(run_restarts_total${RATE}))` },
      },
      {
        title: 'Processes that answer',
        unit: 'short',
        shows: { '{{process}}': 'count by (process) (up{job=~"web|workers"} == 1)' },
      },
      {
        title: 'Lag of event loops (p99)',
        unit: 's',
        red: 0.5,
        shows: { '{{process}} {{instance}}': 'nodejs_eventloop_lag_p99_seconds' },
      },
      {
        title: 'Memory',
        unit: 'bytes',
        shows: { '{{process}} {{instance}}': 'process_resident_memory_bytes' },
      },
      {
        title: 'Errors in the log',
        unit: 'reqps',
        shows: {
          '{{process}} {{level}}': `sum by (process, level) (rate(log_lines_total{level=~"warn|error|fatal"}${RATE}))`,
        },
      },
    ],
  },
  {
    uid: 'parley-stores',
    title: 'Stores and machines',
    panels: [
      {
        title: 'Connections of the server',
        unit: 'short',
        shows: { open: 'max(db_server_connections)', most: 'max(db_server_connections_max)' },
      },
      {
        title: 'Pools',
        unit: 'short',
        shows: {
          '{{process}} active': 'sum by (process) (db_connections_active)',
          '{{process}} wait': 'sum by (process) (db_connections_waited_for)',
        },
      },
      {
        title: 'Transactions',
        unit: 'reqps',
        shows: { commits: `sum(rate(pg_stat_database_xact_commit${RATE}))` },
      },
      { title: 'Size of the database', unit: 'bytes', shows: { '{{datname}}': 'pg_database_size_bytes' } },
      {
        title: 'Replicas behind',
        unit: 's',
        red: 60,
        shows: { '{{instance}}': 'pg_replication_lag_seconds' },
      },
      {
        title: 'WAL kept for slots',
        unit: 'bytes',
        red: 4e9,
        shows: { '{{slot_name}}': 'pg_replication_slots_pg_wal_lsn_diff' },
      },
      {
        title: 'Memory of Redis',
        unit: 'bytes',
        shows: { used: 'max(redis_memory_used_bytes)', most: 'max(redis_memory_max_bytes)' },
      },
      {
        title: 'Redis',
        unit: 'reqps',
        shows: {
          commands: `sum(rate(redis_commands_processed_total${RATE}))`,
          clients: 'max(redis_connected_clients)',
        },
      },
      {
        title: 'Age of backups',
        unit: 's',
        red: 93_600,
        kind: 'stat',
        shows: { '{{kind}}': 'min by (kind) (backup_age_seconds)' },
      },
      {
        title: 'Certificate',
        unit: 's',
        kind: 'stat',
        shows: { left: 'min(probe_ssl_earliest_cert_expiry) - time()' },
      },
      {
        title: 'Free disk',
        unit: 'percentunit',
        shows: {
          '{{mountpoint}}':
            'node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs"} / node_filesystem_size_bytes',
        },
      },
      { title: 'Load', unit: 'short', shows: { '{{instance}}': 'node_load1' } },
    ],
  },
];

const [WIDTH, HEIGHT] = [12, 8];

/** Returns a dashboard as Grafana imports it. */
export function grafana({ uid, title, panels }: Dashboard): object {
  return {
    uid,
    title: `Parley: ${title}`,
    tags: ['parley'],
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    panels: panels.map((panel, i) => ({
      id: i + 1,
      type: panel.kind ?? 'timeseries',
      title: panel.title,
      datasource: { type: 'prometheus', uid: 'prometheus' },
      gridPos: { x: (i % 2) * WIDTH, y: Math.floor(i / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: {
        defaults: {
          unit: panel.unit ?? 'short',
          min: 0,
          thresholds: {
            mode: 'absolute',
            steps: [
              { color: 'green', value: null },
              ...(panel.red === undefined ? [] : [{ color: 'red', value: panel.red }]),
            ],
          },
        },
        overrides: [],
      },
      options:
        panel.kind === 'stat'
          ? { reduceOptions: { calcs: ['lastNotNull'] } }
          : { legend: { showLegend: true } },
      targets: Object.entries(panel.shows).map(([legendFormat, expr], n) => ({
        refId: String.fromCodePoint(65 + n),
        expr,
        legendFormat,
      })),
    })),
  };
}

/** Returns the expressions of a dashboard. */
export function expressionsOf({ panels }: Dashboard): string[] {
  return panels.flatMap(({ shows }) => Object.values(shows));
}
