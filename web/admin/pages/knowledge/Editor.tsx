import { useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { Markdown } from '../../../shared/markdown/Markdown.tsx';
import { queries } from '../../../shared/queries.ts';
import { toast } from '../../../shared/toasts.tsx';
import { number } from '../../../shared/words.ts';
import { reason, reload, send, useGet } from '../../data/api.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page, Panel } from '../../shared/Page.tsx';
import { ErrorState, Loading } from '../../shared/states.tsx';
import { Restored } from '../../shared/Restored.tsx';
import { useKept } from '../../shared/useKept.ts';
import { useDebounced } from '../../shared/useDebounced.ts';
import { Select, TextArea } from '../../shared/fields.tsx';
import { StatusBadge } from './Badges.tsx';
import {
  type Asked,
  type Faq,
  languageName,
  languageOptions,
  type State,
  type Status,
  STATUSES,
  useCategories,
} from './data.ts';
import { faqLabels, k } from './words.ts';

/** What the form holds, as it is typed. */
type Fields = {
  question: string;
  answer: string;
  keywords: string;
  language: string;
  category: string;
  status: Status;
  priority: string;
  slug: string;
};

export function Editor() {
  const { id = '' } = useParams();
  const { data: faq, error, refetch } = useGet<Faq>(`/faqs/${id}`);
  return (
    <Page
      title={k('edit')}
      actions={
        <>
          {faq && <StatusBadge status={faq.status} />}
          <LinkButton to="/knowledge">{k('backToList')}</LinkButton>
        </>
      }
    >
      {error !== null && <ErrorState error={error} again={refetch} />}
      {faq === undefined && error === null && <Loading />}
      {faq && <Form key={faq.id} faq={faq} start={fieldsOf(faq)} />}
    </Page>
  );
}

/** `of` in the address: the FAQ to translate; `question`: the first text. */
export function NewFaq() {
  const [search] = useSearchParams();
  const of = search.get('of') ?? '';
  const original = useGet<Faq>(`/faqs/${of}`, {}, { enabled: of !== '' });
  const start: Fields = {
    question: search.get('question') ?? '',
    answer: '',
    keywords: '',
    language: search.get('language') ?? 'en',
    category: original.data?.category_id?.toString() ?? '',
    status: 'draft',
    priority: '0',
    slug: '',
  };
  const waits = of !== '' && original.data === undefined;
  return (
    <Page title={k('new')} actions={<LinkButton to="/knowledge">{k('backToList')}</LinkButton>}>
      {original.error !== null && <ErrorState error={original.error} again={original.refetch} />}
      {waits ? original.error === null && <Loading /> : <Form start={start} original={original.data} />}
    </Page>
  );
}

function fieldsOf(faq: Faq): Fields {
  return {
    question: faq.question,
    answer: faq.answer,
    keywords: faq.keywords.join(', '),
    language: faq.language,
    category: faq.category_id?.toString() ?? '',
    status: faq.status,
    priority: String(faq.priority),
    slug: faq.slug,
  };
}

function bodyOf({ category, keywords, priority, slug, ...rest }: Fields) {
  return {
    ...rest,
    category_id: category === '' ? null : Number(category),
    keywords: keywords
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
    priority: Number(priority) || 0,
    ...(slug.trim() !== '' && { slug: slug.trim() }),
  };
}

function Form({ faq, start, original }: { faq?: Faq; start: Fields; original?: Faq | undefined }) {
  const navigate = useNavigate();
  const categories = useCategories();
  const [kept, setKept] = useState(start);
  const form = useKept(faq ? `faq.${faq.id}` : `faq.new.${original?.id ?? ''}.${start.language}`, kept);
  const { value: fields, set: setFields, changed } = form;
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState('');
  const [removing, setRemoving] = useState(false);
  const put = (change: Partial<Fields>) => setFields((old) => ({ ...old, ...change }));

  const save = async (next: Fields) => {
    setBusy(true);
    setRefused('');
    try {
      if (faq === undefined) {
        const translation = original && { translation_of: original.translation_of ?? original.id };
        const added = await send<Faq>('POST', '/faqs', { ...bodyOf(next), ...translation });
        toast(k('saved'));
        form.done();
        await reload('/faqs');
        void navigate(`/knowledge/${added.id}`, { replace: true });
        return;
      }
      const saved = await send<Faq & { would_answer?: number | null }>(
        'PUT',
        `/faqs/${faq.id}`,
        bodyOf(next),
      );
      queries.setQueryData([`/faqs/${faq.id}`, {}], saved);
      setFields(() => fieldsOf(saved));
      setKept(fieldsOf(saved));
      const n = kept.status === 'published' ? undefined : saved.would_answer;
      toast(typeof n === 'number' ? k('wouldAnswer', { n }) : k('saved'));
      await reload('/faqs', '/analytics');
    } catch (err) {
      setRefused(reason(err, {}, faqLabels()));
    } finally {
      setBusy(false);
    }
  };
  /** Changes the status at once, as it was saved; the undo brings the old one back. */
  const turn = async (status: Status) => {
    const before = kept;
    put({ status });
    await save({ ...fields, status });
    if (status === 'archived' && faq)
      toast(k('archivedNow'), () => void save({ ...fields, status: before.status }));
  };

  return (
    <div className="grid gap-6 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <form
        className="grid content-start gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save(fields);
        }}
      >
        <Restored form={form} />
        <Field
          label={k('question')}
          value={fields.question}
          maxLength={1_000}
          required
          onChange={({ target }) => put({ question: target.value })}
        />
        <Answer value={fields.answer} onChange={(answer) => put({ answer })} />
        <Field
          label={k('keywords')}
          hint={k('keywordsHint')}
          value={fields.keywords}
          onChange={({ target }) => put({ keywords: target.value })}
        />
        <div className="grid items-start gap-4 sm:grid-cols-3">
          <Select
            label={k('language')}
            value={fields.language}
            onChange={(language) => put({ language })}
            options={languageOptions(fields.language)}
          />
          <Select
            label={k('category')}
            value={fields.category}
            onChange={(category) => put({ category })}
            options={[
              { value: '', text: k('noCategory') },
              ...categories.map(({ id, name }) => ({ value: String(id), text: name })),
            ]}
          />
          <Select
            label={k('status')}
            value={fields.status}
            onChange={(status) => put({ status: status as Status })}
            options={STATUSES.map((value) => ({ value, text: k(value) }))}
          />
          <Field
            label={k('priority')}
            type="number"
            value={fields.priority}
            onChange={({ target }) => put({ priority: target.value })}
          />
          <div className="sm:col-span-2">
            <Field
              label={k('slug')}
              hint={k('slugHint')}
              value={fields.slug}
              maxLength={200}
              onChange={({ target }) => put({ slug: target.value })}
            />
          </div>
        </div>
        <Alert>{refused}</Alert>
        <div className="flex flex-wrap items-center gap-2">
          <Button kind="main" type="submit" disabled={busy || !changed || fields.answer.trim() === ''}>
            {k('save')}
          </Button>
          {faq && kept.status !== 'published' && (
            <Button busy={busy} onClick={() => void turn('published')}>
              {k('publish')}
            </Button>
          )}
          {faq && kept.status !== 'archived' && (
            <Button busy={busy} onClick={() => void turn('archived')}>
              {k('archive')}
            </Button>
          )}
          {faq && (
            <Button kind="danger" onClick={() => setRemoving(true)}>
              {k('delete')}
            </Button>
          )}
          {changed && <p className="text-sm text-muted">{k('unsaved')}</p>}
        </div>
      </form>
      <div className="grid content-start gap-4">
        <Similar question={fields.question} language={fields.language} of={faq ?? original} />
        {faq && <StatePanel faq={faq} />}
        {(faq ?? original) && <Languages faq={(faq ?? original) as Faq} isNew={faq === undefined} />}
      </div>
      {removing && faq && (
        <Confirm
          title={k('deleteTitle')}
          act={k('delete')}
          word={k('deleteWord')}
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await send('DELETE', `/faqs/${faq.id}`);
            toast(k('deleted'));
            void navigate('/knowledge', { replace: true });
            // Reads only the lists again: this page still shows the deleted FAQ.
            await queries.invalidateQueries({ queryKey: ['/faqs'] });
          }}
        >
          <p className="font-medium wrap-anywhere">{faq.question}</p>
          <p className="text-sm">{k('deleteWhat')}</p>
        </Confirm>
      )}
    </div>
  );
}

/** The answer as it is written, or as users see it. */
function Answer({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [seen, setSeen] = useState(false);
  return (
    <div className="relative">
      <Button
        small
        kind="quiet"
        aria-pressed={seen}
        className="absolute end-0 -top-2"
        onClick={() => setSeen(!seen)}
      >
        {k(seen ? 'write' : 'preview')}
      </Button>
      {seen ? (
        <div className="grid gap-1.5">
          <p className="text-sm font-medium">{k('answer')}</p>
          <section
            aria-label={k('preview')}
            className="min-h-56 rounded-(--round) border border-line bg-sunken px-4 py-3"
          >
            <Markdown text={value} />
          </section>
        </div>
      ) : (
        <TextArea
          label={k('answer')}
          value={value}
          rows={10}
          maxLength={20_000}
          required
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </div>
  );
}

/** Names FAQs that a search for the question finds, as it is typed. */
function Similar({
  question,
  language,
  of,
}: {
  question: string;
  language: string;
  /** The FAQ itself, or the one that it translates: its other languages say the same on purpose. */
  of: Faq | undefined;
}) {
  const root = of && (of.translation_of ?? of.id);
  const family = useGet<{ data: Faq[] }>('/faqs', { of: root }, { enabled: root !== undefined });
  const known = new Set([root, of?.id, ...(family.data?.data ?? []).map(({ id }) => id)]);
  const q = useDebounced(question.trim());
  const { data } = useGet<Asked>(
    '/faqs/ask',
    { q, language, limit: 6 },
    { enabled: q.length > 3, keep: true },
  );
  if (data === undefined || q.length <= 3 || family.isLoading) return null;
  const near = data.data.filter(({ id, found }) => found && !known.has(id)).slice(0, 5);
  if (near.length === 0) return <p className="text-sm text-muted">{k('noSimilar')}</p>;
  return (
    <Panel title={k('similar')}>
      <p className="text-sm text-muted">{k('similarWhy')}</p>
      <ul className="grid gap-2 text-sm">
        {near.map(({ id, question: text, similarity, language: tag }) => (
          <li key={id} className="flex justify-between gap-3">
            <Link
              to={`/knowledge/${id}`}
              className="min-w-0 wrap-anywhere text-accent underline underline-offset-2"
            >
              {text}
            </Link>
            <span className="shrink-0 text-muted tabular-nums">
              {languageName(tag)} · {number(similarity, 2)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function StatePanel({ faq }: { faq: Faq }) {
  const [ready, setReady] = useState(false);
  const { data } = useGet<State>(`/faqs/${faq.id}/state`, {}, ready ? {} : { every: 3_000 });
  if (data && data.embedding !== 'waiting' && !ready) setReady(true);
  const rows: [string, string][] = [
    [k('embedding'), data ? k(data.embedding) : '…'],
    [k('uses'), data ? number(data.uses) : '…'],
    [k('views'), number(faq.view_count)],
    [k('helpful'), number(faq.helpful_count)],
    [k('notHelpful'), number(faq.not_helpful_count)],
  ];
  return (
    <Panel title={k('state')}>
      <dl className="grid gap-2 text-sm">
        {rows.map(([name, value]) => (
          <div key={name} className="flex justify-between gap-4">
            <dt className="text-muted">{name}</dt>
            <dd className="text-end tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

const TRANSLATED = ['en', 'de'];

/** The same FAQ in other languages, beside this one. @param isNew whether `faq` is what a new one translates */
function Languages({ faq, isNew }: { faq: Faq; isNew: boolean }) {
  const root = faq.translation_of ?? faq.id;
  const { data } = useGet<{ data: Faq[] }>('/faqs', { of: root });
  const all = data?.data ?? [];
  const others = isNew ? all : all.filter(({ id }) => id !== faq.id);
  const missing = TRANSLATED.filter((tag) => !all.some(({ language }) => language === tag));
  return (
    <Panel title={k('languages')}>
      {others.length === 0 && <p className="text-sm text-muted">{k('noOthers')}</p>}
      {others.map((other) => (
        <article key={other.id} lang={other.language} className="grid gap-2 rounded-xl bg-sunken p-3 text-sm">
          <p className="flex flex-wrap items-center gap-2">
            <span className="font-medium">{languageName(other.language)}</span>
            <StatusBadge status={other.status} />
            {other.id === root && <span className="text-muted">{k('original')}</span>}
          </p>
          <Link
            to={`/knowledge/${other.id}`}
            className="font-medium wrap-anywhere underline-offset-2 hover:underline"
          >
            {other.question}
          </Link>
          <Markdown text={other.answer} />
        </article>
      ))}
      {!isNew && (
        <div className="flex flex-wrap gap-2">
          {missing.map((tag) => (
            <LinkButton key={tag} to={`/knowledge/new?of=${root}&language=${tag}`}>
              {k('translate', { language: languageName(tag) })}
            </LinkButton>
          ))}
        </div>
      )}
    </Panel>
  );
}
