import { useQuery } from '@tanstack/react-query';
import { base } from '../../../shared/root.ts';
import { useGet } from '../../data/api.ts';
import { Page, Panel } from '../../shared/Page.tsx';
import { Badge, ErrorState, Loading } from '../../shared/states.tsx';
import type { SystemState } from '../../types.ts';
import { w } from '../../words.ts';
import { Board } from './Board.tsx';
import { Models } from './Models.tsx';
import { Processes } from './Processes.tsx';
import { Queues } from './Queues.tsx';
import { Settings } from './Settings.tsx';
import { Storage } from './Storage.tsx';
import { Tests } from './Tests.tsx';
import { t } from './words.ts';

/** The settings of the installation and its state. */
export default function System() {
  const { data, error, refetch } = useGet<SystemState>('/system', {}, { every: 5_000 });
  return (
    <Page
      title={w('system')}
      actions={
        data && (
          <p className="text-sm text-muted">
            {t('version', { version: data.version, node: data.node.replace('v', '') })}
          </p>
        )
      }
    >
      <Health />
      {error !== null && data === undefined && <ErrorState error={error} again={refetch} />}
      {error === null && data === undefined && <Loading />}
      {data !== undefined && (
        <>
          <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
            <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
              <Processes processes={data.processes} />
              <Models models={data.models} />
              <Storage system={data} />
            </div>
            <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
              <Queues queues={data.queues} />
              <Owed system={data} />
              <Tests system={data} />
            </div>
          </div>
          <Board />
          <Settings settings={data.settings} />
        </>
      )}
    </Page>
  );
}

type HealthState = {
  status: string;
  checks: { database: string; redis: string };
  providers: Record<'chat' | 'embedding' | 'moderation', string>;
  mail: string;
};

/** What /health says. It answers 503 while a store is away, and that is an answer too. */
function Health() {
  const { data } = useQuery({
    queryKey: ['health'],
    refetchInterval: 10_000,
    queryFn: async ({ signal }) => (await fetch(`${base}/health`, { signal })).json() as Promise<HealthState>,
  });
  if (data === undefined) return null;
  const all = { ...data.checks, ...data.providers, mail: data.mail };
  const shown = ['database', 'redis', 'chat', 'embedding', 'moderation', 'mail'] as const;
  return (
    <section aria-label={t('health')} className="rounded-2xl bg-sunken px-4 py-3">
      <dl className="flex flex-wrap gap-x-8 gap-y-3">
        {shown.map((name) => (
          <div key={name} className="grid gap-1">
            <dt className="text-xs text-muted">{t(name)}</dt>
            <dd>
              <CheckBadge check={all[name]} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function CheckBadge({ check }: { check: string }) {
  if (check === 'healthy') return <Badge tone="good">{t('healthy')}</Badge>;
  if (check === 'off') return <Badge tone="quiet">{t('off')}</Badge>;
  return (
    <span className="inline-block rounded-md bg-soft px-2 py-0.5 text-xs font-medium wrap-anywhere text-danger">
      {check.replace('unhealthy: ', '')}
    </span>
  );
}

const OWED = ['waiting', 'queued', 'in_progress', 'unannounced', 'faqs_to_embed', 'faqs'] as const;

function Owed({ system: { owed, migrations } }: { system: SystemState }) {
  return (
    <Panel title={t('owed')}>
      <p className="text-sm text-muted">{t('owedWhy')}</p>
      <dl className="grid gap-2 text-sm">
        {OWED.map((name) => (
          <div key={name} className="flex justify-between gap-4">
            <dt className="text-muted">{t(`owed_${name}`)}</dt>
            <dd className="tabular-nums">{owed[name]}</dd>
          </div>
        ))}
      </dl>
      <h3 className="text-sm font-medium">{t('migrations')}</h3>
      <p className="text-sm wrap-anywhere">
        {t('done', { n: migrations.done, newest: migrations.newest ?? '–' })}.{' '}
        {migrations.pending === 0 ? (
          t('noPending')
        ) : (
          <strong className="text-danger">{t('pending', { n: migrations.pending })}</strong>
        )}
      </p>
    </Panel>
  );
}
