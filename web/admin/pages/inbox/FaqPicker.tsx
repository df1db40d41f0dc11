import { useState } from 'react';
import type { Faq } from '../../../sdk/types.ts';
import { Dialog } from '../../../shared/Dialog.tsx';
import { Found } from '../../../shared/Found.tsx';
import { useGet, useList } from '../../data/api.ts';
import { useCategoryOptions } from '../../data/categories.ts';
import { Search, Select } from '../../shared/fields.tsx';
import { ErrorState, Loading } from '../../shared/states.tsx';
import { w } from '../../words.ts';
import { t } from './words.ts';

/**
 * Finds a published FAQ whose answer is put into the reply: Enter takes the best. The FAQs of a category serve as canned
 * replies.
 */
export function FaqPicker({
  language,
  onPick,
  onClose,
}: {
  language: string;
  onPick: (answer: string) => void;
  onClose: () => void;
}) {
  const [q, setQ] = useState('');
  const [category, setCategory] = useState('');
  const categories = useCategoryOptions(t('allCategories'));
  // Canned replies are found by their words, all others by their meaning.
  const byMeaning = q !== '' && category === '';
  const listed = useList<Faq>(
    '/faqs',
    { status: 'published', category_id: category, q },
    { enabled: !byMeaning, limit: 20 },
  );
  const searched = useGet<{ data: Faq[] }>(
    '/faqs/search',
    { q, limit: 10, language },
    { enabled: byMeaning, keep: true },
  );
  const isSpoken = (faq: Faq) => Number(faq.language === language);
  const shown = byMeaning
    ? (searched.data?.data ?? [])
    : listed.list.toSorted((a, b) => isSpoken(b) - isSpoken(a));
  const { isPending, error, isPlaceholderData } = byMeaning ? searched : listed;
  const hasCome = !isPending && !isPlaceholderData && error === null;
  const found = shown.length === 0 ? t('faqNone') : w('shown', { n: shown.length });
  return (
    <Dialog writes title={t('faqTitle')} onClose={onClose}>
      <form
        className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_12rem]"
        onSubmit={(event) => {
          event.preventDefault();
          const typed = event.currentTarget.querySelector('input')?.value.trim();
          const [best] = shown;
          if (best !== undefined && q !== '' && typed === q && !isPlaceholderData) onPick(best.answer);
        }}
      >
        <Search label={t('faqSearch')} value={q} onChange={setQ} />
        <Select label={t('category')} value={category} onChange={setCategory} options={categories} />
      </form>
      <Found asked={`${category} ${q}`} text={hasCome ? found : undefined} />
      {error !== null && <ErrorState error={error} />}
      {error === null && isPending && <Loading />}
      {error === null && !isPending && shown.length === 0 && (
        <p className="py-6 text-center text-sm text-muted">{t('faqNone')}</p>
      )}
      <ul aria-label={t('faqTitle')} className="grid grid-cols-[minmax(0,1fr)] gap-1">
        {shown.map(({ id, question, answer, language: tag }, i) => (
          <li key={id}>
            <button
              type="button"
              onClick={() => onPick(answer)}
              className="grid w-full gap-0.5 rounded-xl px-3 py-2 text-start hover:bg-raised"
            >
              <span className="font-medium wrap-anywhere">
                {question} <span className="text-xs font-normal text-muted">{tag}</span>{' '}
                {i === 0 && q !== '' && (
                  <kbd className="ms-1 rounded-md border border-edge bg-raised px-1.5 font-mono text-xs font-normal">
                    {t('faqBest')}
                  </kbd>
                )}
              </span>
              <span className="line-clamp-2 text-sm text-muted">{answer}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
