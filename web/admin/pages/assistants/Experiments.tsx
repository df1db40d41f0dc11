import { useState } from 'react';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { useUnsaved } from '../../../shared/unsaved.ts';
import { dateTime, number, percent } from '../../../shared/words.ts';
import { reload, send, useGet, useList } from '../../data/api.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { Panel } from '../../shared/Page.tsx';
import { Badge, EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import { Select } from '../../shared/fields.tsx';
import { useAct } from '../../shared/useAct.ts';
import { type Assistant, type Experiment, type Rate, type Result, type Verdict } from './data.ts';
import { OneVersion } from './OneVersion.tsx';
import { a, assistantLabels } from './words.ts';

export function Experiments({ assistant }: { assistant: Assistant }) {
  const experiments = useList<Experiment>('/experiments', { assistant_id: assistant.id }, { limit: 20 });
  const { list } = experiments;
  if (experiments.error !== null) return <ErrorState error={experiments.error} again={experiments.refetch} />;
  if (experiments.isPending) return <Loading />;
  const runs = list.some(({ status }) => status !== 'ended');
  return (
    <>
      {!runs && !assistant.is_archived && <Begin assistant={assistant} />}
      {list.length === 0 && assistant.version > 1 && (
        <EmptyState title={a('noExperiments')} text={a('noExperimentsWhy')} />
      )}
      {list.map((one) => (
        <One key={one.id} experiment={one} />
      ))}
    </>
  );
}

function Begin({ assistant: { id, version } }: { assistant: Assistant }) {
  const start = { a: String(Math.max(1, version - 1)), b: String(version), share: '50', until: '' };
  // Fields that nobody changed follow the assistant, whose version may change meanwhile.
  const [changes, change] = useState<Partial<typeof start>>({});
  const fields = { ...start, ...changes };
  const { busy, refused, act } = useAct(assistantLabels());
  useUnsaved(JSON.stringify(fields) !== JSON.stringify(start));
  const begin = () =>
    act(async () => {
      await send('POST', '/experiments', {
        assistant_id: id,
        versions: [Number(fields.a), Number(fields.b)],
        share: Number(fields.share) / 100,
        until: fields.until === '' ? null : new Date(`${fields.until}T00:00`).toISOString(),
      });
      await reload('/experiments');
    });
  if (version < 2) return <OneVersion id={id} />;
  const options = Array.from({ length: Math.min(version, 100) }, (_, i) => String(version - i)).map(
    (value) => ({
      value,
      text: a('versionN', { version: value }),
    }),
  );
  return (
    <Panel title={a('begin')}>
      <p className="text-sm text-muted">{a('beginWhat')}</p>
      <form
        className="grid items-end gap-4 sm:grid-cols-2 lg:grid-cols-4"
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <Select
          label={a('versionA')}
          value={fields.a}
          onChange={(one) => change({ ...changes, a: one })}
          options={options}
        />
        <Select
          label={a('versionB')}
          value={fields.b}
          onChange={(one) => change({ ...changes, b: one })}
          options={options}
        />
        <Field
          label={a('share')}
          type="number"
          min={1}
          max={100}
          value={fields.share}
          onChange={({ target }) => change({ ...changes, share: target.value })}
        />
        <Field
          label={a('until')}
          type="date"
          value={fields.until}
          onChange={({ target }) => change({ ...changes, until: target.value })}
        />
        <div className="sm:col-span-2 lg:col-span-4">
          <Button kind="main" type="submit" busy={busy} disabled={fields.a === fields.b}>
            {a('begin')}
          </Button>
        </div>
      </form>
      <Alert>{refused}</Alert>
    </Panel>
  );
}

function One({ experiment }: { experiment: Experiment }) {
  const { id, versions, status, created_at, kept } = experiment;
  const { data: result, error, refetch } = useGet<Result>(`/experiments/${id}`);
  const [ending, setEnding] = useState(false);
  const [first, second] = versions;
  return (
    <Panel
      title={`${a('versionN', { version: first })} / ${a('versionN', { version: second })}`}
      actions={
        status !== 'ended' && (
          <Button kind="danger" onClick={() => setEnding(true)}>
            {a('end')}
          </Button>
        )
      }
    >
      <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
        <Badge tone={status === 'open' ? 'good' : 'quiet'}>{a(status)}</Badge>
        <span>{a('began', { when: dateTime(created_at) })}</span>
        {status === 'ended' && <span>{kept === null ? a('keptNone') : a('kept', { version: kept })}</span>}
      </p>
      {error !== null && <ErrorState error={error} again={refetch} />}
      {result && (
        <>
          <p className="font-medium">
            {a('overall')}: {says(result.verdict, versions)}
          </p>
          <Figures result={result} />
          <p className="text-sm text-muted">{a('interval')}</p>
        </>
      )}
      {ending && <End experiment={experiment} onClose={() => setEnding(false)} />}
    </Panel>
  );
}

function End({ experiment: { id, versions }, onClose }: { experiment: Experiment; onClose: () => void }) {
  const [keep, setKeep] = useState('');
  return (
    <Confirm
      title={a('endTitle')}
      act={a('end')}
      labels={assistantLabels()}
      onClose={onClose}
      onConfirm={async () => {
        await send('POST', `/experiments/${id}/end`, { keep: keep === '' ? null : Number(keep) });
        await reload('/experiments', '/assistants');
      }}
    >
      <p className="text-sm">{a('endWhat')}</p>
      <Select
        label={a('keep')}
        value={keep}
        onChange={setKeep}
        options={[
          { value: '', text: a('keepNone') },
          ...versions.map((version) => ({ value: String(version), text: a('versionN', { version }) })),
        ]}
      />
    </Confirm>
  );
}

function Figures({ result: { arms, comparison, versions } }: { result: Result }) {
  const [one, other] = arms;
  if (one === undefined || other === undefined) return null;
  const cell = 'px-2 py-2 text-end tabular-nums whitespace-nowrap';
  return (
    // A wide table scrolls by itself; the keyboard must reach it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="overflow-x-auto" role="region" aria-label={a('figure')} tabIndex={0}>
      <table className="w-full text-sm">
        <thead className="text-muted">
          <tr>
            <th scope="col" className="px-2 py-2 text-start font-medium">
              {a('figure')}
            </th>
            {versions.map((version) => (
              <th key={version} scope="col" className="px-2 py-2 text-end font-medium">
                {a('versionN', { version })}
              </th>
            ))}
            <th scope="col" className="px-2 py-2 text-end font-medium">
              {a('difference')}
            </th>
            <th scope="col" className="px-2 py-2 text-start font-medium">
              {a('verdict')}
            </th>
          </tr>
        </thead>
        <tbody>
          <tr className="border-t border-line">
            <th scope="row" className="px-2 py-2 text-start font-normal">
              {a('conversations')}
            </th>
            <td className={cell}>{number(one.conversations)}</td>
            <td className={cell}>{number(other.conversations)}</td>
            <td colSpan={2} />
          </tr>
          {comparison.map(({ figure, difference, low, high, verdict }) => (
            <tr key={figure} className="border-t border-line">
              <th scope="row" className="px-2 py-2 text-start font-normal">
                {a(figure)}
              </th>
              <td className={cell}>
                <RateText rate={one[figure]} />
              </td>
              <td className={cell}>
                <RateText rate={other[figure]} />
              </td>
              <td className={cell}>
                {difference === null
                  ? '–'
                  : `${signed(difference)} (${signed(low ?? 0)} … ${signed(high ?? 0)})`}
              </td>
              <td className="px-2 py-2">{says(verdict, versions)}</td>
            </tr>
          ))}
          <tr className="border-t border-line">
            <th scope="row" className="px-2 py-2 text-start font-normal">
              {a('csat')}
            </th>
            {[one, other].map(({ version, csat }) => (
              <td key={version} className={cell}>
                {csat.average === null ? '–' : `${number(csat.average, 1)} (${number(csat.ratings)})`}
              </td>
            ))}
            <td colSpan={2} />
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function RateText({ rate: { rate, low, high, count, of } }: { rate: Rate }) {
  if (rate === null) return <>–</>;
  return (
    <span title={`${count} / ${of}`}>
      {percent(rate)}{' '}
      <span className="text-muted">
        ({percent(low ?? 0)} … {percent(high ?? 0)})
      </span>
    </span>
  );
}

function says(verdict: Verdict, [first, second]: [number, number]): string {
  return a(verdict, { a: String(first), b: String(second) });
}

function signed(share: number): string {
  const points = Math.round(share * 100);
  return `${points > 0 ? '+' : points < 0 ? '−' : ''}${Math.abs(points)}`;
}
