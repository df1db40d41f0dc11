import { useState } from 'react';
import { Button } from '../../../shared/controls.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { toast } from '../../../shared/toasts.tsx';
import { number, when } from '../../../shared/words.ts';
import { download, reason, useList } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page } from '../../shared/Page.tsx';
import { EmptyState } from '../../shared/states.tsx';
import { Search, Select } from '../../shared/fields.tsx';
import { type Column, Table } from '../../shared/Table.tsx';
import { w } from '../../words.ts';
import { EmbeddingBadge, StatusBadge } from './Badges.tsx';
import { type Faq, languageName, languageOptions, type State, STATUSES, useCategories } from './data.ts';
import { k } from './words.ts';

export function List() {
  const filters = useFilters({ q: '', status: '', language: '', category_id: '' });
  const { values } = filters;
  const faqs = useList<Faq, { states?: { id: number; embedding: State['embedding'] }[] }>('/faqs', values);
  const categories = useCategories();
  const nameOf = (id: number | null) => categories.find((one) => one.id === id)?.name ?? '';
  const states = new Map(
    faqs.pages.flatMap(({ states: of = [] }) => of.map((one) => [one.id, one.embedding])),
  );
  const columns: Column<Faq>[] = [
    { head: k('question'), cell: ({ question }) => question },
    { head: k('language'), cell: (faq) => languageName(faq.language) },
    { head: k('category'), cell: ({ category_id }) => nameOf(category_id), wide: true },
    {
      head: k('status'),
      cell: ({ id, status }) => (
        <span className="flex flex-wrap gap-1">
          <StatusBadge status={status} />
          <EmbeddingBadge state={states.get(id)} />
        </span>
      ),
    },
    { head: k('views'), cell: ({ view_count }) => number(view_count), number: true, wide: true },
    {
      head: k('ratings'),
      cell: ({ helpful_count, not_helpful_count }) =>
        `${helpful_count} / ${helpful_count + not_helpful_count}`,
      number: true,
    },
    { head: k('changed'), cell: ({ updated_at }) => when(updated_at), number: true, wide: true },
  ];
  return (
    <Page title={w('knowledge')} actions={<Actions filter={values} />}>
      <div className="grid grid-cols-2 items-end gap-4 lg:grid-cols-[2fr_1fr_1fr_1fr] max-sm:[&>:first-child]:col-span-2 max-sm:[&>:last-child]:col-span-2">
        <Search label={k('find')} value={values.q} onChange={(q) => filters.set({ q })} />
        <Select
          label={k('status')}
          value={values.status}
          onChange={(status) => filters.set({ status })}
          options={[{ value: '', text: w('all') }, ...STATUSES.map((value) => ({ value, text: k(value) }))]}
        />
        <Select
          label={k('language')}
          value={values.language}
          onChange={(language) => filters.set({ language })}
          options={[
            { value: '', text: w('all') },
            ...languageOptions(values.language, ...faqs.list.map(({ language }) => language)),
          ]}
        />
        <Select
          label={k('category')}
          value={values.category_id}
          onChange={(category_id) => filters.set({ category_id })}
          options={[
            { value: '', text: w('all') },
            ...categories.map(({ id, name }) => ({ value: String(id), text: name })),
          ]}
        />
      </div>
      <Table
        label={w('knowledge')}
        list={faqs}
        columns={columns}
        link={({ id }) => `/knowledge/${id}`}
        empty={
          filters.isFiltered ? (
            <EmptyState title={k('none')} text={k('noneWhy')}>
              <Button onClick={filters.clear}>{w('clear')}</Button>
            </EmptyState>
          ) : (
            <EmptyState title={k('empty')} text={k('emptyWhy')}>
              <LinkButton to="/knowledge/new" kind="main">
                {k('new')}
              </LinkButton>
            </EmptyState>
          )
        }
      />
    </Page>
  );
}

function Actions({ filter }: { filter: Record<'q' | 'status' | 'language' | 'category_id', string> }) {
  const [exporting, setExporting] = useState(false);
  return (
    <>
      <LinkButton to="/knowledge/ask">{k('ask')}</LinkButton>
      <LinkButton to="/knowledge/categories">{k('categories')}</LinkButton>
      <LinkButton to="/knowledge/import">{k('import')}</LinkButton>
      <Button onClick={() => setExporting(true)}>{k('export')}</Button>
      <LinkButton to="/knowledge/new" kind="main">
        {k('new')}
      </LinkButton>
      {exporting && <Export filter={filter} onClose={() => setExporting(false)} />}
    </>
  );
}

/** Exports what the filters show; the text that is searched for does not narrow it. */
function Export({
  filter: { q: _, ...filter },
  onClose,
}: {
  filter: Record<string, string>;
  onClose: () => void;
}) {
  const [separator, setSeparator] = useState('comma');
  const save = async () => {
    onClose();
    try {
      await download('/faqs/export', { ...filter, separator }, 'faqs.csv');
    } catch (err) {
      toast(reason(err));
    }
  };
  return (
    <Dialog title={k('export')} onClose={onClose}>
      <Select
        label={k('separator')}
        value={separator}
        onChange={setSeparator}
        options={(['comma', 'semicolon', 'tab'] as const).map((value) => ({ value, text: k(value) }))}
      />
      <Button kind="main" onClick={() => void save()}>
        {k('export')}
      </Button>
    </Dialog>
  );
}
