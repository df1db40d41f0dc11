import { dateTime } from '../../../shared/words.ts';
import { useList } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { Panel } from '../../shared/Page.tsx';
import { EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import { Select } from '../../shared/fields.tsx';
import { type Assistant, FIELDS, type Version } from './data.ts';
import { OneVersion } from './OneVersion.tsx';
import { diff, type Line, written } from './diff.ts';
import { a } from './words.ts';

/** Two versions and their differences. The address names the two. */
export function Versions({ assistant }: { assistant: Assistant }) {
  const { values, set } = useFilters({ from: '', to: '' });
  const versions = useList<Version>(`/assistants/${assistant.id}/versions`, {}, { limit: 100 });
  const { list } = versions;
  if (versions.error !== null) return <ErrorState error={versions.error} again={versions.refetch} />;
  if (versions.isPending) return <Loading />;
  if (list.length < 2) return <OneVersion id={assistant.id} />;
  const pick = (wanted: string, other: Version | undefined) =>
    list.find(({ version }) => String(version) === wanted) ?? other;
  const [before, after] = [pick(values.from, list[1]), pick(values.to, list[0])];
  const options = list.map(({ version, created_at }) => ({
    value: String(version),
    text: `${a('versionN', { version })} · ${dateTime(created_at)}`,
  }));
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <Select
          label={a('compare')}
          value={String(before?.version)}
          onChange={(from) => set({ from })}
          options={options}
        />
        <Select
          label={a('with')}
          value={String(after?.version)}
          onChange={(to) => set({ to })}
          options={options}
        />
      </div>
      {before && after && <Differences before={before} after={after} />}
    </>
  );
}

function Differences({ before, after }: { before: Version; after: Version }) {
  const differ = FIELDS.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
  if (differ.length === 0) return <EmptyState title={a('noDifference')} />;
  return differ.map((field) => (
    <Panel key={field} title={field}>
      <Lines lines={diff(written(before[field]), written(after[field]))} />
    </Panel>
  ));
}

const SHAPES = {
  same: { sign: ' ', look: '' },
  gone: { sign: '−', look: 'bg-soft text-danger' },
  new: { sign: '+', look: 'bg-raised text-accent' },
};

function Lines({ lines }: { lines: Line[] }) {
  return (
    <div className="overflow-hidden rounded-xl border border-line text-sm">
      {lines.map(({ kind, text }, i) => (
        // Lines are shown once and stay in place.
        // oxlint-disable-next-line react/no-array-index-key
        <p key={i} className={`grid grid-cols-[1.5rem_minmax(0,1fr)] px-2 py-0.5 ${SHAPES[kind].look}`}>
          <span aria-label={kind === 'same' ? undefined : a(kind === 'gone' ? 'before' : 'after')} role="img">
            {SHAPES[kind].sign}
          </span>
          <span className="whitespace-pre-wrap wrap-anywhere">{text || ' '}</span>
        </p>
      ))}
    </div>
  );
}
