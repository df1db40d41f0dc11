import { useState } from 'react';
import { Alert, Button } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';
import { useUnsavedForm } from '../../shared/unsaved.ts';
import { NewPassword } from '../enter/NewPassword.tsx';
import { PresentPassword } from './PresentPassword.tsx';
import { Section } from './Section.tsx';

export function Password() {
  const [changed, setChanged] = useState(0);
  const fields = useUnsavedForm();
  const form = useForm(async (fields) => {
    const body = { current_password: textOf(fields, 'password'), new_password: textOf(fields, 'new') };
    await session.call('POST', '/users/me/password', { body });
    setChanged(changed + 1);
  });
  const isPresent = form.problem?.errors?.some(({ path }) => path === '/current_password');
  const reasons = {
    validation_failed: isPresent ? t('me.wrong') : t('register.weak'),
    unauthenticated: t('me.wrong'),
    rate_limited: t('enter.tooOften'),
  };
  return (
    <Section title={t('me.password')}>
      <form key={changed} ref={fields} className="grid gap-4" onSubmit={form.onSubmit}>
        <div className="grid gap-4 sm:grid-cols-2">
          <PresentPassword />
          <NewPassword label={t('me.new')} name="new" />
        </div>
        <Alert>{reasonOf(form.problem, reasons)}</Alert>
        {changed > 0 && <p role="status">{t('me.changed')}</p>}
        <Button type="submit" className="w-fit" busy={form.busy}>
          {t('me.change')}
        </Button>
      </form>
    </Section>
  );
}
