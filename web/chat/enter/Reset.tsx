import { useState } from 'react';
import { Link } from 'react-router';
import { request } from '../../sdk/http.ts';
import { Alert, Button } from '../../shared/controls.tsx';
import { base } from '../../shared/root.ts';
import { t } from '../../shared/words.ts';
import { Frame } from '../../shared/enter/Frame.tsx';
import { NewPassword } from './NewPassword.tsx';
import { linkToken } from './linkToken.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';

/** Sets a new password with the token of a mail. */
export function Reset() {
  const [done, setDone] = useState(false);
  const form = useForm(async (fields) => {
    const body = { token: linkToken(), password: textOf(fields, 'password') };
    await request(base, 'POST', '/auth/password/reset', { body });
    setDone(true);
  });
  const isToken = form.problem?.errors?.some(({ path }) => path === '/token');
  const reasons = {
    gone: t('reset.gone'),
    rate_limited: t('enter.tooOften'),
    validation_failed: isToken ? t('reset.gone') : t('register.weak'),
  };
  return (
    <Frame title={t('reset.title')}>
      {done ? (
        <p role="status">{t('reset.done')}</p>
      ) : (
        <form className="grid gap-4" onSubmit={form.onSubmit}>
          <NewPassword label={t('reset.password')} name="password" hint={t('register.passwordHint')} />
          <Alert>{reasonOf(form.problem, reasons)}</Alert>
          <Button kind="main" type="submit" busy={form.busy}>
            {t('reset.submit')}
          </Button>
        </form>
      )}
      <Link className="py-1 text-sm text-accent underline underline-offset-2" to="/">
        {t('forgot.back')}
      </Link>
    </Frame>
  );
}
