import { useMemo } from 'react';
import type { Costs as Spent } from '../../../sdk/api.ts';
import { locale } from '../../../shared/words.ts';
import { type Params, useGet } from '../../data/api.ts';
import { Chart } from '../../shared/Chart.tsx';
import { Panel } from '../../shared/Page.tsx';
import { ErrorState } from '../../shared/states.tsx';
import type { Figures } from '../../types.ts';
import { Change } from './Cards.tsx';
import { Rows } from './Top.tsx';
import { t } from './words.ts';

type Used = Pick<Spent['total'], 'tokens' | 'amount'>;
type Part = Used & { name: string };

/**
 * What costs came from, beside the range before: a rise is that of a model, of an assistant, or of some days. In tokens without
 * prices.
 */
export function Costs({
  figures: { from, to, timezone },
  filter,
  assistants,
}: {
  figures: Figures;
  filter: Params;
  assistants: { id: number; name: string }[];
}) {
  const before = new Date(2 * Date.parse(from) - Date.parse(to)).toISOString();
  const asked = { timezone, ...filter };
  const now = useGet<Spent>('/analytics/costs', { ...asked, from, to }, { keep: true });
  const then = useGet<Spent>('/analytics/costs', { ...asked, from: before, to: from }, { keep: true });
  const failed = [now, then].find(({ error, data }) => error !== null && data === undefined);
  if (failed?.error) return <ErrorState error={failed.error} again={failed.refetch} />;
  if (now.data === undefined || then.data === undefined) return null;
  const { currency } = now.data;
  const of = (used: Used) => (currency === null ? used.tokens : (used.amount ?? 0));
  const write = (value: number) =>
    currency === null
      ? value.toLocaleString(locale(), { notation: 'compact' })
      : value.toLocaleString(locale(), { style: 'currency', currency, maximumSignificantDigits: 3 });
  const nameOf = (id: number | null) =>
    id === null ? t('noAssistant') : (assistants.find((one) => one.id === id)?.name ?? `#${id}`);
  const parts = ({ models, assistants: by }: Spent): Record<'model' | 'assistant', Part[]> => ({
    model: models.map((one) => ({ ...one, name: one.model || t('noModel') })),
    assistant: by.map((one) => ({ ...one, name: nameOf(one.assistant_id) })),
  });
  const [shown, earlier] = [parts(now.data), parts(then.data)];
  const unit = currency === null ? t('tokens') : t('cost');
  return (
    <Panel title={currency === null ? t('costsInTokens') : t('costs')}>
      <Days
        days={now.data.days}
        of={of}
        write={write}
        name={unit}
        least={currency === null ? 1 : 0}
        timezone={timezone}
      />
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-x-10 gap-y-4 xl:grid-cols-2">
        {(['model', 'assistant'] as const).map((kind) => (
          <Rows
            key={kind}
            label={`${unit}: ${t(kind)}`}
            head={[t(kind), t('rangeBefore'), unit, t('change')]}
            rows={joined(shown[kind], earlier[kind], of).map(([name, value, was]) => [
              name,
              write(was),
              write(value),
              <Change key={name} now={value} then={was} good={-1} />,
            ])}
          />
        ))}
      </div>
    </Panel>
  );
}

/** Puts both ranges side by side, what costs most first; what costs nothing any more stays. */
function joined(now: Part[], before: Part[], of: (used: Used) => number): [string, number, number][] {
  const sum = (parts: Part[], name: string) =>
    parts.filter((one) => one.name === name).reduce((total, one) => total + of(one), 0);
  const names = [...new Set([...now, ...before].map(({ name }) => name))];
  return names
    .map((name): [string, number, number] => [name, sum(now, name), sum(before, name)])
    .filter(([, value, was]) => value !== 0 || was !== 0)
    .toSorted(([, a], [, b]) => b - a);
}

type DaysProps = {
  days: Spent['days'];
  of: (used: Used) => number;
  write: (value: number) => string;
  name: string;
  least: number;
  timezone: string;
};

function Days({ days, of, write, name, least, timezone }: DaysProps) {
  const times = useMemo(() => days.map(({ start }) => Date.parse(start) / 1_000), [days]);
  const lines = useMemo(() => [{ name, values: days.map(of) }], [days, name]);
  const writeTime = (seconds: number) =>
    new Intl.DateTimeFormat(locale(), { timeZone: timezone, day: 'numeric', month: 'short' }).format(
      seconds * 1_000,
    );
  return (
    <Chart
      least={least}
      label={name}
      help={t('help')}
      times={times}
      lines={lines}
      write={write}
      writeTime={writeTime}
    />
  );
}
