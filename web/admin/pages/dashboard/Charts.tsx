import { type ReactNode, useMemo, useState } from 'react';
import { Button } from '../../../shared/controls.tsx';
import { locale, number } from '../../../shared/words.ts';
import { Chart } from '../../shared/Chart.tsx';
import { Panel } from '../../shared/Page.tsx';
import type { Bucket } from '../../types.ts';
import { t } from './words.ts';

type Field = Exclude<keyof Bucket, 'start'>;
type Series = { field: Field; name: string; dashed?: boolean };

/** Figures over time, as lines or as a table. */
export function Charts({
  buckets,
  timezone,
  onCsv,
  children,
}: {
  buckets: Bucket[];
  timezone: string;
  onCsv: () => void;
  children: ReactNode;
}) {
  const hourly = buckets.length > 1 && spanOf(buckets) < 7_200_000;
  const writeTime = (seconds: number) =>
    new Intl.DateTimeFormat(locale(), {
      timeZone: timezone,
      ...(hourly ? { hour: 'numeric', minute: '2-digit' } : { day: 'numeric', month: 'short' }),
    }).format(seconds * 1_000);
  const count = (value: number) => value.toLocaleString(locale(), { notation: 'compact' });
  const ms = (value: number) => `${number(value)} ms`;
  const shared = { buckets, writeTime, onCsv };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-2">
      <Over
        {...shared}
        title={t('chartVolume')}
        write={count}
        series={[
          { field: 'conversations', name: t('conversations') },
          { field: 'messages_in', name: t('messages_in'), dashed: true },
          { field: 'answers', name: t('answers') },
        ]}
      />
      <Over
        {...shared}
        title={t('chartQuality')}
        write={count}
        series={[
          { field: 'rated_up', name: t('rated_up') },
          { field: 'handoffs', name: t('handoffs'), dashed: true },
          { field: 'rated_down', name: t('rated_down') },
          { field: 'failed', name: t('failed'), dashed: true },
        ]}
      />
      <Over
        {...shared}
        title={t('chartSpeed')}
        write={ms}
        series={[
          { field: 'first_token_ms_p50', name: `${t('first_token')}, ${t('median')}` },
          { field: 'answer_ms_p95', name: `${t('answer')}, ${t('slow')}`, dashed: true },
        ]}
      />
      {children}
    </div>
  );
}

function spanOf([first, second]: Bucket[]): number {
  return Date.parse(second?.start ?? '') - Date.parse(first?.start ?? '');
}

function Over({
  title,
  buckets,
  series,
  write,
  writeTime,
  onCsv,
}: {
  title: string;
  buckets: Bucket[];
  series: Series[];
  write: (value: number) => string;
  writeTime: (seconds: number) => string;
  onCsv: () => void;
}) {
  const [table, setTable] = useState(false);
  const names = series.map(({ name }) => name).join();
  const times = useMemo(() => buckets.map(({ start }) => Date.parse(start) / 1_000), [buckets]);
  const lines = useMemo(
    () =>
      series.map(({ field, name, dashed }) => ({
        name,
        values: buckets.map((bucket) => bucket[field]),
        ...(dashed && { dashed }),
      })),
    [buckets, names],
  );
  return (
    <Panel
      title={title}
      actions={
        <div className="flex gap-1">
          <Button small kind="quiet" aria-pressed={table} onClick={() => setTable(!table)}>
            {table ? t('asChart') : t('asTable')}
          </Button>
          <Button small kind="quiet" aria-label={`${t('csv')}: ${title}`} onClick={onCsv}>
            {t('csv')}
          </Button>
        </div>
      }
    >
      {table ? (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="max-h-72 overflow-auto" role="region" aria-label={title} tabIndex={0}>
          <table className="w-full text-sm" aria-label={title}>
            <thead className="sticky top-0 bg-paper">
              <tr>
                <th scope="col" className="p-2 text-start font-medium">
                  {t('day')}
                </th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" className="p-2 text-end font-medium">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {buckets.map((bucket, i) => (
                <tr key={bucket.start} className="border-t border-line">
                  <th scope="row" className="p-2 text-start font-normal">
                    {writeTime(times[i] ?? 0)}
                  </th>
                  {series.map(({ field, name }) => {
                    const value = bucket[field];
                    return (
                      <td key={name} className="p-2 text-end tabular-nums">
                        {value === null ? '–' : number(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Chart
          label={title}
          help={t('help')}
          times={times}
          lines={lines}
          write={write}
          writeTime={writeTime}
        />
      )}
    </Panel>
  );
}
