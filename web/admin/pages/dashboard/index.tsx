import { Button, Field } from '../../../shared/controls.tsx';
import { dateTime } from '../../../shared/words.ts';
import { useUser } from '../../../shared/session.ts';
import { download, tellFailure, useGet, useList, type Params } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { Select } from '../../shared/fields.tsx';
import { Page } from '../../shared/Page.tsx';
import { EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import type { Bucket, Figures } from '../../types.ts';
import { w } from '../../words.ts';
import { Cards } from './Cards.tsx';
import { Charts } from './Charts.tsx';
import { Costs } from './Costs.tsx';
import { LiveStrip } from './LiveStrip.tsx';
import { Speed, Top } from './Top.tsx';
import { t } from './words.ts';

const RANGES = { days7: 7, days30: 30, days90: 90 } as const;
const CHANNELS = ['web', 'widget', 'api', 'ws'] as const;
const DAY_MS = 86_400_000;

/** The figures of a range and of the range before it. */
export default function Dashboard() {
  const user = useUser();
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { values, set } = useFilters({
    range: 'days30',
    from: '',
    to: '',
    timezone: user?.timezone ?? here,
    assistant: '',
    channel: '',
  });
  const assistants = useList<{ id: number; name: string }>('/assistants', { all: true }, { limit: 100 });
  const params = windowOf(values);
  const figures = useGet<Figures>('/analytics/dashboard', params, { every: 60_000, keep: true });
  const days = daysOf(params);
  const buckets = useGet<{ data: Bucket[] }>(
    '/analytics/conversations',
    { ...params, interval: days <= 2 ? 'hour' : days <= 120 ? 'day' : 'week' },
    { every: 60_000, keep: true },
  );
  const save = (path: string, name: string) =>
    download(path, { ...params, format: 'csv' }, name).catch(tellFailure);
  // Nothing in the range, and nothing before it to compare with.
  const isBlank = figures.data !== undefined && isEmpty(figures.data) && isEmpty(figures.data.previous);
  const zones = [...new Set([values.timezone, user?.timezone ?? 'UTC', here, 'UTC'])];
  return (
    <Page
      title={w('dashboard')}
      actions={<Button onClick={() => void save('/analytics/dashboard', 'dashboard.csv')}>{t('csv')}</Button>}
    >
      <LiveStrip />
      <div className="grid grid-cols-2 gap-3 md:grid-cols-4 xl:grid-cols-6">
        <Select
          label={t('range')}
          value={values.range}
          onChange={(range) => set({ range })}
          options={[...Object.keys(RANGES), 'own'].map((value) => ({ value, text: t(value as 'own') }))}
        />
        <Select
          label={t('timezone')}
          value={values.timezone}
          onChange={(timezone) => set({ timezone })}
          options={zones.map((value) => ({ value, text: value }))}
        />
        <Select
          label={t('assistant')}
          value={values.assistant}
          onChange={(assistant) => set({ assistant })}
          options={[
            { value: '', text: t('all') },
            ...assistants.list.map(({ id, name }) => ({ value: String(id), text: name })),
          ]}
        />
        <Select
          label={t('channel')}
          value={values.channel}
          onChange={(channel) => set({ channel })}
          options={[
            { value: '', text: t('allChannels') },
            ...CHANNELS.map((value) => ({ value, text: t(`channel_${value}`) })),
          ]}
        />
        {values.range === 'own' && (
          <>
            <Field
              label={t('from')}
              type="date"
              value={values.from}
              onChange={({ target }) => set({ from: target.value })}
            />
            <Field
              label={t('to')}
              type="date"
              value={values.to}
              onChange={({ target }) => set({ to: target.value })}
            />
          </>
        )}
      </div>
      {figures.error !== null && figures.data === undefined ? (
        <ErrorState error={figures.error} again={figures.refetch} />
      ) : figures.data === undefined ? (
        <Loading />
      ) : (
        <div
          className={`grid grid-cols-[minmax(0,1fr)] gap-6 ${figures.isPlaceholderData ? 'opacity-60' : ''}`}
        >
          {isEmpty(figures.data) && <EmptyState title={t('empty')} text={t('emptyWhy')} />}
          {!isBlank && <Cards figures={figures.data} />}
          {buckets.error !== null && buckets.data === undefined && (
            <ErrorState error={buckets.error} again={buckets.refetch} />
          )}
          {buckets.data !== undefined && !isEmpty(figures.data) && (
            <Charts
              buckets={buckets.data.data}
              timezone={values.timezone}
              onCsv={() => void save('/analytics/conversations', 'conversations.csv')}
            >
              <Speed figures={figures.data} />
            </Charts>
          )}
          {!isEmpty(figures.data) && values.assistant === '' && (
            <Costs figures={figures.data} filter={{ channel: values.channel }} assistants={assistants.list} />
          )}
          {!isBlank && (
            <div className="grid grid-cols-[minmax(0,1fr)] gap-4 md:grid-cols-2 xl:grid-cols-[2fr_1fr_1.4fr] md:max-xl:[&>:first-child]:col-span-2">
              <Top figures={figures.data} />
            </div>
          )}
          <p className="text-sm text-muted">{t('updated', { at: dateTime(figures.data.updated_at) })}</p>
        </div>
      )}
    </Page>
  );
}

function isEmpty({ totals }: Pick<Figures, 'totals'>): boolean {
  return totals.messages_in === 0 && totals.conversations === 0 && totals.answers === 0;
}

/** Returns the window as the API takes it: whole days of the time zone, today included. */
function windowOf(values: {
  range: string;
  from: string;
  to: string;
  timezone: string;
  assistant: string;
  channel: string;
}): Params {
  const { timezone, assistant: assistant_id, channel } = values;
  if (values.range === 'own') return { from: values.from, to: values.to, timezone, assistant_id, channel };
  const days = RANGES[values.range as keyof typeof RANGES] ?? 30;
  const day = (at: number) => new Intl.DateTimeFormat('sv-SE', { timeZone: timezone }).format(at);
  return { from: day(Date.now() - (days - 1) * DAY_MS), timezone, assistant_id, channel };
}

function daysOf({ from, to }: Params): number {
  const until = to ? Date.parse(String(to)) : Date.now();
  return from ? (until - Date.parse(String(from))) / DAY_MS : 30;
}
