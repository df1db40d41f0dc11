import { useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { queries } from '../../../shared/queries.ts';
import { toast } from '../../../shared/toasts.tsx';
import { reload, send, useGet } from '../../data/api.ts';
import { useCategoryOptions } from '../../data/categories.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { languageOptions } from '../../shared/languages.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page } from '../../shared/Page.tsx';
import { ErrorState, Loading } from '../../shared/states.tsx';
import { Restored } from '../../shared/Restored.tsx';
import { useAct } from '../../shared/useAct.ts';
import { useKept } from '../../shared/useKept.ts';
import { Select } from '../../shared/fields.tsx';
import { Answer } from './Answer.tsx';
import { StatusBadge } from './Badges.tsx';
import { Languages, Similar, StatePanel } from './Beside.tsx';
import { type Faq, type Status, STATUSES } from './data.ts';
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
  const categories = useCategoryOptions(k('noCategory'));
  const [kept, setKept] = useState(start);
  const form = useKept(faq ? `faq.${faq.id}` : `faq.new.${original?.id ?? ''}.${start.language}`, kept);
  const { value: fields, set: setFields, changed } = form;
  const { busy, refused, act } = useAct(faqLabels());
  const [removing, setRemoving] = useState(false);
  const put = (change: Partial<Fields>) => setFields((old) => ({ ...old, ...change }));

  const save = (next: Fields) =>
    act(async () => {
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
    });
  /** Changes the status at once. The undo brings the saved one back, and a failure the one in the form. */
  const turn = async (status: Status) => {
    const before = kept;
    put({ status });
    const isSaved = await save({ ...fields, status });
    if (!isSaved) return put({ status: fields.status });
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
            options={categories}
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
