import { useState } from 'react';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { Icon } from '../../shared/Icon.tsx';
import { session, store } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { useUnsavedForm } from '../../shared/unsaved.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';
import { focusTalk } from './focus.ts';

const SCORES = [1, 2, 3, 4, 5];
const key = (conversation: number) => `parley.rated.${session.user?.id}.${conversation}`;

/** Asks how a conversation was, once it is closed. Asks once. */
export function Rating({ conversation }: { conversation: number }) {
  const [asked] = useState(() => store.getItem(key(conversation)) === null);
  const [score, setScore] = useState<number>();
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useForm(async () => {});
  const rate = (next: number) =>
    run(async () => {
      setScore(next);
      await session.call('POST', `/conversations/${conversation}/rating`, { body: { score: next } });
      store.setItem(key(conversation), String(next));
    });
  const fields = useUnsavedForm();
  const form = useForm(async (fields) => {
    const comment = textOf(fields, 'comment').trim();
    if (comment !== '')
      await session.call('POST', `/conversations/${conversation}/rating`, { body: { score, comment } });
    setDone(true);
    // The form with the focus is gone by then.
    setTimeout(focusTalk);
  });
  if (!asked) return null;
  if (done)
    return (
      <p role="status" className="text-center text-muted">
        {t('reply.thanks')}
      </p>
    );
  return (
    <section aria-label={t('rate.title')} className="grid gap-3 rounded-2xl border border-line p-4">
      <p className="text-center font-medium">{t('rate.title')}</p>
      <div role="group" aria-label={t('rate.title')} className="flex justify-center" dir="ltr">
        {SCORES.map((one) => (
          <button
            key={one}
            type="button"
            aria-label={t('rate.score', { score: one })}
            aria-pressed={score === one}
            // Disabled, it would lose the focus.
            aria-disabled={busy || undefined}
            className={`grid size-11 place-items-center rounded-lg hover:bg-raised ${score !== undefined && one <= score ? 'text-accent' : 'text-muted'}`}
            onClick={() => !busy && void rate(one)}
          >
            <Icon name="star" filled={score !== undefined && one <= score} className="size-6" />
          </button>
        ))}
      </div>
      <Alert>{reasonOf(problem)}</Alert>
      {score !== undefined && problem === undefined && (
        <form ref={fields} className="flex flex-wrap items-end gap-2" onSubmit={form.onSubmit}>
          <div className="min-w-0 flex-1 basis-60">
            <Field label={t('rate.comment')} name="comment" maxLength={1000} />
          </div>
          <Button type="submit" busy={form.busy}>
            {t('reply.sendComment')}
          </Button>
          <Alert>{reasonOf(form.problem, {}, { comment: '' })}</Alert>
        </form>
      )}
    </section>
  );
}
