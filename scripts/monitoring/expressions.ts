/** Words of PromQL that are not names of metrics. */
const WORDS = new Set(
  'and or unless bool offset by without on ignoring group_left group_right inf nan atan2 start end'.split(
    ' ',
  ),
);

/** Returns the names of metrics in an expression of PromQL. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const names = [...bare.matchAll(/(?<![\w.])([a-zA-Z_:][\w:]*)\b(?!\s*\()/g)].map(([, name = '']) => name);
  return [...new Set(names.filter((name) => !WORDS.has(name.toLowerCase())))];
}

/** An alert of a file; rule: its text in the file. */
export type Alert = { alert: string; expr: string; runbook: string; severity: string; rule: string };

/** Returns the alerts of a file. */
export function alertsIn(yaml: string): Alert[] {
  return yaml
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((text) => ({
      alert: text.split('\n')[0]?.trim() ?? '',
      expr: /^ +expr: (.*)$/m.exec(text)?.[1]?.trim() ?? '',
      runbook: /^ +runbook: (\S+)$/m.exec(text)?.[1] ?? '',
      severity: /severity: (\w+)/.exec(text)?.[1] ?? '',
      rule: `      - alert: ${text.replace(/\n\n? {2}- name: [\s\S]*$/, '')}`,
    }));
}

/** Metrics of other exporters, by the documents of the versions in docker-compose.yml. No test asks these exporters. */
export const FOREIGN = [
  'up',
  'probe_success',
  'probe_ssl_earliest_cert_expiry',
  'node_filesystem_avail_bytes',
  'node_filesystem_size_bytes',
  'node_load1',
  'pg_replication_lag_seconds',
  'pg_replication_slots_pg_wal_lsn_diff',
  'pg_stat_database_xact_commit',
  'pg_database_size_bytes',
  'redis_connected_clients',
  'redis_commands_processed_total',
];
