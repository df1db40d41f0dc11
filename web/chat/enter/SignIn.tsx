import { useState } from 'react';
import { Link } from 'react-router';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { language, t } from '../../shared/words.ts';
import { Frame } from '../../shared/enter/Frame.tsx';
import { SecondFactor } from '../../shared/enter/SecondFactor.tsx';
import { secondFactorOf } from '../../shared/enter/secondFactorOf.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';

/** The first page: sign in, or try it as a guest. */
export function SignIn() {
  const [factor, setFactor] = useState<string>();
  const form = useForm(async (fields) => {
    try {
      await session.login(textOf(fields, 'email').trim(), textOf(fields, 'password'));
    } catch (err) {
      const token = secondFactorOf(err);
      if (token === undefined) throw err;
      setFactor(token);
    }
  });
  const guest = useForm(() =>
    session.guest({
      gdpr_consent: true,
      data_processing_consent: true,
      language: language(),
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
  );
  if (factor !== undefined) return <SecondFactor token={factor} onBack={() => setFactor(undefined)} />;
  return (
    <Frame title={t('enter.title')} lead={t('enter.lead')}>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        <Field label={t('enter.email')} name="email" autoComplete="username" autoCapitalize="none" required />
        <Field
          label={t('enter.password')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        <Alert>{reasonOf(form.problem, { unauthenticated: t('enter.wrong') })}</Alert>
        <Button kind="main" type="submit" busy={form.busy}>
          {t('enter.signIn')}
        </Button>
        <p className="flex flex-wrap justify-between gap-x-4 gap-y-1 text-sm text-accent">
          <Link className="py-1 underline underline-offset-2" to="/register">
            {t('enter.register')}
          </Link>
          <Link className="py-1 underline underline-offset-2" to="/forgot-password">
            {t('enter.forgot')}
          </Link>
        </p>
      </form>
      <form className="grid gap-3 border-t border-line pt-6" onSubmit={guest.onSubmit}>
        <Button type="submit" busy={guest.busy}>
          {t('enter.guest')}
        </Button>
        <Alert>{reasonOf(guest.problem, { forbidden: t('enter.guestsOff') })}</Alert>
        <p className="text-sm text-muted">{t('enter.guestNote')}</p>
      </form>
    </Frame>
  );
}
