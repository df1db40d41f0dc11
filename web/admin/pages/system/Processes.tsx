import { locale, when } from '../../../shared/words.ts';
import { Panel } from '../../shared/Page.tsx';
import { Badge } from '../../shared/states.tsx';
import type { SystemState } from '../../types.ts';
import { Rows } from '../../shared/Rows.tsx';
import { t } from './words.ts';

/** Ms without a sign after which a process counts as silent: three beats. */
const SILENT_MS = 15_000;
const TYPES = [
  'web',
  'moderation',
  'context',
  'completion',
  'embedding',
  'analytics',
  'notification',
  'housekeeping',
];

/** The processes that said lately that they run. */
export function Processes({ processes }: { processes: SystemState['processes'] }) {
  if (processes === null)
    return (
      <Panel title={t('processes')}>
        <p className="text-sm text-danger">{t('noRedis')}</p>
      </Panel>
    );
  const alive = processes.filter(({ seen_at }) => Date.now() - Date.parse(seen_at) < SILENT_MS);
  const missing = TYPES.filter((type) => !alive.some(({ types }) => types.includes(type)));
  const releases = new Set(alive.map(({ version }) => version));
  return (
    <Panel title={t('processes')}>
      {missing.length > 0 && (
        <p className="rounded-xl bg-soft px-3 py-2 text-sm text-danger">
          {t('missing', { types: missing.join(', ') })}
        </p>
      )}
      {releases.size > 1 && <p className="text-sm text-muted">{t('mixed')}</p>}
      <Rows
        label={t('processes')}
        head={[t('type'), t('host'), t('release'), t('started'), t('seen')]}
        rows={processes.map(({ id, types, host, pid, version, started_at, seen_at }) => ({
          key: id,
          cells: [
            types.join(', '),
            `${host} (${pid})`,
            version,
            when(started_at),
            <Seen key={id} at={seen_at} />,
          ],
        }))}
      />
    </Panel>
  );
}

function Seen({ at }: { at: string }) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1_000));
  const text = new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'short',
  }).format(seconds);
  return seconds * 1_000 < SILENT_MS ? (
    <Badge tone="good">{text}</Badge>
  ) : (
    <Badge tone="bad">
      {t('silent')}, {text}
    </Badge>
  );
}
