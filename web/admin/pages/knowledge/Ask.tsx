import { Link } from 'react-router';
import { number, percent } from '../../../shared/words.ts';
import { useGet } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page } from '../../shared/Page.tsx';
import { Badge, EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import { Search, Select } from '../../shared/fields.tsx';
import { languageName, languageOptions } from '../../shared/languages.ts';
import type { Asked, Near } from './data.ts';
import { k } from './words.ts';

/** Shows what a search finds, and why. */
export function Ask() {
  const { values, set } = useFilters({ q: '', language: '' });
  const asked = useGet<Asked>('/faqs/ask', values, { enabled: values.q !== '', keep: true });
  const { data, error } = asked;
  return (
    <Page title={k('askTitle')} actions={<LinkButton to="/knowledge">{k('backToList')}</LinkButton>}>
      <p className="text-sm text-muted">{k('askLead')}</p>
      <div className="grid items-end gap-4 sm:grid-cols-[2fr_1fr]">
        <Search label={k('askLabel')} value={values.q} onChange={(q) => set({ q })} />
        <Select
          label={k('language')}
          value={values.language}
          onChange={(language) => set({ language })}
          options={[{ value: '', text: k('anyLanguage') }, ...languageOptions(values.language)]}
        />
      </div>
      {values.q === '' && <EmptyState title={k('askEmpty')} />}
      {error !== null && <ErrorState error={error} again={asked.refetch} />}
      {values.q !== '' && data === undefined && error === null && <Loading />}
      {data !== undefined && values.q !== '' && (
        <>
          <p className="text-sm text-muted">
            {k('why', { threshold: number(data.threshold, 2), coverage: percent(data.coverage) })}{' '}
            {data.by_words_only && k('byWordsOnly')}
          </p>
          {data.data.length === 0 ? (
            <EmptyState title={k('nothingNear')}>
              <LinkButton to={`/knowledge/new?question=${encodeURIComponent(values.q)}`} kind="main">
                {k('new')}
              </LinkButton>
            </EmptyState>
          ) : (
            <ol aria-label={k('found')} className="grid gap-3">
              {data.data.map((near) => (
                <Hit key={near.id} near={near} asked={data} />
              ))}
            </ol>
          )}
        </>
      )}
    </Page>
  );
}

function Hit({ near, asked }: { near: Near; asked: Asked }) {
  return (
    <li className={`grid gap-3 rounded-2xl border border-line p-4 ${near.found ? '' : 'border-dashed'}`}>
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={near.found ? 'good' : 'quiet'}>{k(near.found ? 'found' : 'notFound')}</Badge>
        <Link
          to={`/knowledge/${near.id}`}
          className="min-w-0 font-medium wrap-anywhere underline-offset-2 hover:underline"
        >
          {near.question}
        </Link>
        <span className="text-sm text-muted">{languageName(near.language)}</span>
      </div>
      <p className="line-clamp-2 text-sm text-muted">{near.answer}</p>
      <div className="grid gap-x-6 gap-y-2 sm:grid-cols-2">
        <Measure
          label={k('similarity')}
          value={near.similarity}
          from={asked.threshold}
          text={number(near.similarity, 2)}
        />
        <Measure
          label={k('words')}
          value={near.coverage}
          from={asked.coverage}
          text={percent(near.coverage)}
        />
      </div>
    </li>
  );
}

/** A number from 0 to 1, and from where it is enough. */
function Measure({ label, value, from, text }: { label: string; value: number; from: number; text: string }) {
  const within = Math.max(0, Math.min(1, value));
  return (
    <label className="grid grid-cols-[7rem_minmax(0,1fr)_3rem] items-center gap-3 text-sm">
      <span>{label}</span>
      <meter min={0} max={1} low={from} high={from} optimum={1} value={within} className="h-3 w-full">
        {text}
      </meter>
      <span className="text-end tabular-nums">{text}</span>
    </label>
  );
}
