import type { User } from '../../sdk/types.ts';
import { changeUser } from '../../shared/account.ts';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { toast } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';
import { useUnsavedForm } from '../../shared/unsaved.ts';
import { Section } from './Section.tsx';

export function Profile({ user }: { user: User }) {
  const fields = useUnsavedForm();
  const form = useForm(async (fields) => {
    const [first, last] = [textOf(fields, 'first').trim(), textOf(fields, 'last').trim()];
    await changeUser({ first_name: first || null, last_name: last || null });
    toast(t('app.saved'));
  });
  return (
    <Section title={t('me.profile')}>
      <form ref={fields} className="grid gap-4" onSubmit={form.onSubmit}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label={t('me.first')}
            name="first"
            autoComplete="given-name"
            maxLength={100}
            defaultValue={user.first_name ?? ''}
          />
          <Field
            label={t('me.last')}
            name="last"
            autoComplete="family-name"
            maxLength={100}
            defaultValue={user.last_name ?? ''}
          />
        </div>
        <Alert>{reasonOf(form.problem, {}, { first_name: t('me.first'), last_name: t('me.last') })}</Alert>
        <Button type="submit" className="w-fit" busy={form.busy}>
          {t('app.save')}
        </Button>
      </form>
    </Section>
  );
}
