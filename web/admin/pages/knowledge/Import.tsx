import { useState } from 'react';
import { Alert, Button, Check, Field } from '../../../shared/controls.tsx';
import { faultsOf } from '../../../shared/enter/useForm.ts';
import { session } from '../../../shared/session.ts';
import { useUnsaved } from '../../../shared/unsaved.ts';
import { reason, reload, useGet } from '../../data/api.ts';
import { useCategories } from '../../data/categories.ts';
import { CONNECTED, useEvents } from '../../data/live.tsx';
import { useFilters } from '../../data/filters.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page, Panel } from '../../shared/Page.tsx';
import { Rows } from '../../shared/Rows.tsx';
import { ErrorState, Loading, Progress } from '../../shared/states.tsx';
import { Select } from '../../shared/fields.tsx';
import { decode, FIELDS, type FieldName, guess, itemsOf, type Mapping, parseCsv, type Sheet } from './csv.ts';
import { faqLabels, k } from './words.ts';

type Progressing = {
  import_id: number;
  status: 'receiving' | 'queued' | 'in_progress' | 'completed' | 'failed';
  total: number;
  processed: number;
  imported: number;
  failed: number;
  errors: { line: number; errors: { path: string; message: string }[] }[];
};
/** What was chosen: a sheet whose columns have to be named, or items that are ready. */
type Chosen = { sheet: Sheet } | { items: unknown[] };

const PREVIEWED = 5;
const UPLOAD_MS = 600_000;

/** The import under way stands in the address, so that a reload goes on showing it. */
export function Import() {
  const { values, set } = useFilters({ import: '' });
  return (
    <Page title={k('import')} actions={<LinkButton to="/knowledge">{k('backToList')}</LinkButton>}>
      {values.import === '' ? (
        <Choose onBegun={(id) => set({ import: String(id) })} />
      ) : (
        <Watch id={values.import} onAnother={() => set({ import: '' })} />
      )}
    </Page>
  );
}

function Choose({ onBegun }: { onBegun: (id: number) => void }) {
  const [chosen, setChosen] = useState<Chosen>();
  const [mapping, setMapping] = useState<Mapping>([]);
  const [whole, setWhole] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState('');
  useUnsaved(chosen !== undefined);
  const read = async (file: File | undefined) => {
    setRefused('');
    setChosen(undefined);
    if (file === undefined) return;
    try {
      const text = decode(new Uint8Array(await file.arrayBuffer()));
      if (/^[\s\uFEFF]*[[{]/.test(text)) {
        const items: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
        setChosen({ items: Array.isArray(items) ? items : [items] });
        return;
      }
      const sheet = parseCsv(text);
      setMapping(guess(sheet.header));
      setChosen({ sheet });
    } catch (err) {
      setRefused(k('unreadable', { why: err instanceof Error ? err.message : String(err) }));
    }
  };
  const begin = async (items: unknown[]) => {
    setBusy(true);
    setRefused('');
    try {
      const { import_id } = await session.call<{ import_id: number }>(
        'POST',
        `/faqs/import?all_or_nothing=${whole}`,
        { body: items, signal: AbortSignal.timeout(UPLOAD_MS) },
      );
      onBegun(import_id);
    } catch (err) {
      setRefused(reason(err, {}, faqLabels()));
      setBusy(false);
    }
  };
  const slugs = new Map(useCategories().map(({ name, slug }) => [name.toLowerCase(), slug]));
  const items = chosen && ('items' in chosen ? chosen.items : itemsOf(chosen.sheet, mapping, slugs));
  const ready = chosen && ('items' in chosen || (mapping.includes('question') && mapping.includes('answer')));
  return (
    <>
      <p className="text-sm text-muted">{k('importLead')}</p>
      <Field
        label={k('file')}
        type="file"
        accept=".csv,.tsv,.txt,.json,text/csv,application/json"
        className="min-h-(--control) text-(length:--control-text) w-full rounded-(--round) border border-edge p-2 file:me-3 file:rounded-lg file:border-0 file:bg-raised file:px-3 file:py-1.5 file:text-ink"
        onChange={({ target }) => void read(target.files?.[0])}
      />
      <Alert>{refused}</Alert>
      {chosen && 'sheet' in chosen && (
        <Panel title={k('mapping')}>
          <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
            {chosen.sheet.header.map((column, i) => (
              <Select
                // Two columns may have one name.
                // oxlint-disable-next-line react/no-array-index-key
                key={i}
                label={k('mapped', { column: column || String(i + 1) })}
                value={mapping[i] ?? ''}
                onChange={(field) => setMapping(mapping.with(i, field as FieldName | ''))}
                options={[
                  { value: '', text: k('ignore') },
                  ...FIELDS.map((value) => ({ value, text: faqLabels()[value] })),
                ]}
              />
            ))}
          </div>
          {!ready && <p className="text-sm text-danger">{k('needs')}</p>}
        </Panel>
      )}
      {items && (
        <Panel title={k('firstRows')}>
          <Preview items={items} />
          <p className="text-sm text-muted">{k('rows', { n: items.length })}</p>
          <Check checked={whole} onChange={({ target }) => setWhole(target.checked)}>
            {k('allOrNothing')}
          </Check>
          <div>
            <Button
              kind="main"
              disabled={!ready || busy || items.length === 0}
              onClick={() => void begin(items)}
            >
              {k('start')}
            </Button>
          </div>
        </Panel>
      )}
    </>
  );
}

function Preview({ items }: { items: unknown[] }) {
  const shown = items.slice(0, PREVIEWED) as Record<string, unknown>[];
  const names = FIELDS.filter((field) => shown.some((item) => item?.[field] !== undefined));
  return (
    // A wide table scrolls by itself; the keyboard must reach it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="overflow-x-auto" role="region" aria-label={k('firstRows')} tabIndex={0}>
      <table className="w-full text-sm">
        <thead className="text-muted">
          <tr>
            {names.map((name) => (
              <th key={name} scope="col" className="px-2 py-1.5 text-start font-medium">
                {faqLabels()[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((item, i) => (
            // Rows of a file have no name of their own.
            // oxlint-disable-next-line react/no-array-index-key
            <tr key={i} className="border-t border-line align-top">
              {names.map((name) => (
                <td key={name} className="max-w-72 truncate px-2 py-1.5">
                  {written(item?.[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
}

function Watch({ id, onAnother }: { id: string; onAnother: () => void }) {
  const path = `/faqs/imports/${id}`;
  const [over, setOver] = useState(false);
  const { data, error, refetch } = useGet<Progressing>(path, {}, over ? {} : { every: 1_000 });
  useEvents((event) => {
    if (event === 'faq.import' || event === CONNECTED) void refetch();
  });
  if (error !== null) return <ErrorState error={error} again={refetch} />;
  if (data === undefined) return <Loading />;
  const { status, total, processed, imported, failed, errors } = data;
  const ended = status === 'completed' || status === 'failed';
  if (ended && !over) {
    setOver(true);
    void reload('/faqs');
  }
  return (
    <>
      {!ended && <Progress label={k('progress')} value={total === 0 ? undefined : processed / total} />}
      {ended && (
        <p role="status" className="rounded-xl bg-raised px-4 py-3">
          {status === 'failed' ? k('failedImport', { failed }) : k('doneImport', { imported, failed })}
        </p>
      )}
      {errors.length > 0 && (
        <Panel title={k('faults')}>
          <Rows
            tall
            label={k('faults')}
            head={[k('row'), k('fault')]}
            rows={errors.map(({ line, errors: of }) => ({
              key: String(line),
              cells: [line, faultsOf(of, faqLabels())],
            }))}
          />
        </Panel>
      )}
      {ended && (
        <div className="flex flex-wrap gap-2">
          <Button onClick={onAnother}>{k('another')}</Button>
          <LinkButton to="/knowledge">{k('backToList')}</LinkButton>
        </div>
      )}
    </>
  );
}
