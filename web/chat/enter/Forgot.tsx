import { useState } from 'react';
import { Link } from 'react-router';
import { request } from '../../sdk/http.ts';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { base } from '../../shared/root.ts';
import { t } from '../../shared/words.ts';
import { Frame } from '../../shared/enter/Frame.tsx';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';

/** Asks for a mail with a link that sets a new password. Does not reveal whether the account exists. */
export function Forgot() {
  const [sent, setSent] = useState(false);
  const form = useForm(async (fields) => {
    await request(base, 'POST', '/auth/password/forgot', { body: { email: textOf(fields, 'email').trim() } });
    setSent(true);
  });
  return (
    <Frame title={t('forgot.title')} lead={t('forgot.lead')}>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        <Field label={t('enter.email')} name="email" type="email" autoComplete="email" required />
        <Alert>
          {reasonOf(form.problem, { rate_limited: t('enter.tooOften') }, { email: t('enter.email') })}
        </Alert>
        {sent && <p role="status">{t('forgot.sent')}</p>}
        <Button kind="main" type="submit" busy={form.busy}>
          {t('forgot.submit')}
        </Button>
        <Link className="py-1 text-sm text-accent underline underline-offset-2" to="/">
          {t('forgot.back')}
        </Link>
      </form>
    </Frame>
  );
}
