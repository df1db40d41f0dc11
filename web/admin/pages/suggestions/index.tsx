import { useState } from 'react';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { toast, UNDO_WITHIN_MS } from '../../../shared/toasts.tsx';
import { dateTime } from '../../../shared/words.ts';
import { patchList, reload, send, tellFailure, useGet, useList } from '../../data/api.ts';
import { useCategoryOptions } from '../../data/categories.ts';
import { useFilters } from '../../data/filters.ts';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Restored } from '../../shared/Restored.tsx';
import { useAct } from '../../shared/useAct.ts';
import { useKept } from '../../shared/useKept.ts';
import { Page } from '../../shared/Page.tsx';
import { Badge, EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import { Select, TextArea } from '../../shared/fields.tsx';
import { w } from '../../words.ts';
import { s, type Word } from './words.ts';

type Suggestion = {
  id: number;
  question: string;
  language: string;
  status: 'open' | 'drafted' | 'dismissed';
  asked: number;
  examples: string[];
  faq_id: number | null;
  would_answer: number | null;
  last_asked_at: string;
};
const PATH = '/faqs/suggestions';
/**
 * Ms until the list is read again while an FAQ of it has no vectors yet. The audit log notes each read, so it is read less and
 * less often.
 */
const readAgain = (reads: number) => 3_000 * Math.max(1, reads / 5);

export default function Suggestions() {
  const { values, set } = useFilters({ status: 'open' });
  const [reading, setReading] = useState(false);
  const list = useList<Suggestion>(
    PATH,
    { status: values.status },
    { limit: 20, ...(reading && { every: readAgain }) },
  );
  const waits = list.list.some(({ faq_id, would_answer }) => faq_id !== null && would_answer === null);
  if (waits !== reading) setReading(waits);
  const [drafting, setDrafting] = useState<Suggestion>();
  return (
    <Page title={w('suggestions')}>
      <p className="max-w-prose text-sm text-muted">{s('lead')}</p>
      <div className="max-w-60">
        <Select
          label={s('status')}
          value={values.status}
          onChange={(status) => set({ status })}
          options={(['open', 'drafted', 'dismissed'] as const).map((value) => ({ value, text: s(value) }))}
        />
      </div>
      {list.error !== null && list.list.length === 0 && (
        <ErrorState error={list.error} again={list.refetch} />
      )}
      {list.isPending && list.error === null && <Loading />}
      {!list.isPending && list.error === null && list.list.length === 0 && (
        <EmptyState title={s(`none_${values.status}` as Word)} text={s(`none_${values.status}Why` as Word)}>
          {values.status === 'open' ? (
            <LinkButton to="/knowledge">{s('allFaqs')}</LinkButton>
          ) : (
            <Button onClick={() => set({ status: 'open' })}>{s('showOpen')}</Button>
          )}
        </EmptyState>
      )}
      <ul aria-label={w('suggestions')} className="grid gap-3">
        {list.list.map((one) => (
          <Group key={one.id} suggestion={one} onDraft={() => setDrafting(one)} />
        ))}
      </ul>
      {list.hasNextPage && (
        <Button kind="quiet" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {w('more')}
        </Button>
      )}
      {drafting && <Draft suggestion={drafting} onClose={() => setDrafting(undefined)} />}
    </Page>
  );
}

function Group({ suggestion, onDraft }: { suggestion: Suggestion; onDraft: () => void }) {
  const { id, question, asked, last_asked_at, examples, status } = suggestion;
  const others = examples.filter((one) => one !== question);
  return (
    <li className="grid gap-3 rounded-2xl border border-line p-4" lang={suggestion.language}>
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="grid min-w-0 gap-1">
          <h2 className="font-semibold wrap-anywhere">{question}</h2>
          <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
            <Badge>{s('asked', { n: asked })}</Badge>
            {s('last', { when: dateTime(last_asked_at) })}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {status === 'open' && (
            <>
              <Button kind="main" onClick={onDraft} aria-label={`${s('draft')}: ${question}`}>
                {s('draft')}
              </Button>
              <Button onClick={() => dismiss(id)} aria-label={`${s('dismiss')}: ${question}`}>
                {s('dismiss')}
              </Button>
            </>
          )}
          {suggestion.faq_id !== null && <Drafted suggestion={suggestion} faqId={suggestion.faq_id} />}
        </div>
      </div>
      {others.length > 0 && (
        <details>
          <summary className="cursor-pointer text-sm text-muted">{s('examples')}</summary>
          <ul className="mt-2 grid list-disc gap-1 ps-5 text-sm">
            {others.map((one) => (
              <li key={one} className="wrap-anywhere">
                {one}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

/** Takes a group off the list at once. The server hears of it once the time for the undo is over, or the page is left. */
function dismiss(id: number): void {
  const undo = patchList<Suggestion>(PATH, (row) => (row.id === id ? undefined : row));
  const tell = async () => {
    removeEventListener('pagehide', now);
    await send('POST', `${PATH}/${id}/dismiss`).catch(tellFailure);
    await reload(PATH);
  };
  const timer = setTimeout(() => void tell(), UNDO_WITHIN_MS);
  const now = () => {
    clearTimeout(timer);
    void tell();
  };
  addEventListener('pagehide', now, { once: true });
  toast(s('dismissedNow'), () => {
    clearTimeout(timer);
    removeEventListener('pagehide', now);
    undo();
  });
}

/** How many of the questions the draft answers, and its publication. */
function Drafted({ suggestion: { asked, would_answer }, faqId }: { suggestion: Suggestion; faqId: number }) {
  const { data: faq } = useGet<{ status: string }>(`/faqs/${faqId}`);
  const publish = () => publishFaq(faqId).catch(tellFailure);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <span className="text-sm text-muted">
        {would_answer === null ? s('notYet') : s('wouldAnswer', { answered: would_answer, asked })}
      </span>
      {faq?.status === 'draft' && <Button onClick={() => void publish()}>{s('publishIt')}</Button>}
      <LinkButton to={`/knowledge/${faqId}`}>{s('open_faq')}</LinkButton>
    </div>
  );
}

/** Publishes a draft and says how many open questions it answers now. */
async function publishFaq(id: number): Promise<void> {
  const { would_answer } = await send<{ would_answer?: number | null }>('PUT', `/faqs/${id}`, {
    status: 'published',
  });
  toast(typeof would_answer === 'number' ? s('published', { n: would_answer }) : s('published'));
  await reload('/faqs');
}

function Draft({ suggestion, onClose }: { suggestion: Suggestion; onClose: () => void }) {
  const form = useKept(`suggestion.${suggestion.id}`, {
    question: suggestion.question,
    answer: '',
    category: '',
  });
  const { question, answer, category } = form.value;
  const put = (change: Partial<typeof form.value>) => form.set((old) => ({ ...old, ...change }));
  const { busy, refused, act } = useAct({
    question: s('question'),
    answer: s('answer'),
    category_id: s('category'),
  });
  const categories = useCategoryOptions(s('noCategory'));
  const save = (andPublish: boolean) =>
    act(async () => {
      const faq = await send<{ id: number }>('POST', `${PATH}/${suggestion.id}/draft`, {
        question,
        answer,
        category_id: category === '' ? null : Number(category),
      });
      if (andPublish) await publishFaq(faq.id);
      else toast(s('saved'));
      form.done();
      await reload('/faqs');
      onClose();
    });
  const ready = question.trim() !== '' && answer.trim() !== '' && !busy;
  return (
    <Dialog title={s('draft')} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void save(false);
        }}
      >
        <Restored form={form} />
        <Field
          label={s('question')}
          value={question}
          maxLength={1_000}
          onChange={({ target }) => put({ question: target.value })}
        />
        <TextArea
          label={s('answer')}
          rows={6}
          maxLength={20_000}
          value={answer}
          onChange={({ target }) => put({ answer: target.value })}
        />
        <Select
          label={s('category')}
          value={category}
          onChange={(chosen) => put({ category: chosen })}
          options={categories}
        />
        <Alert>{refused}</Alert>
        <div className="flex flex-wrap justify-end gap-2">
          <Button type="submit" disabled={!ready}>
            {s('save')}
          </Button>
          <Button kind="main" disabled={!ready} onClick={() => void save(true)}>
            {s('publish')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
