import { useState } from 'react';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { Frame } from '../../shared/enter/Frame.tsx';
import { SecondFactor } from '../../shared/enter/SecondFactor.tsx';
import { secondFactorOf } from '../../shared/enter/secondFactorOf.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';
import { base } from '../../shared/root.ts';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { w } from '../words.ts';

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
  if (factor !== undefined) return <SecondFactor token={factor} onBack={() => setFactor(undefined)} />;
  return (
    <Frame title={w('title')} lead={w('lead')}>
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
        <a
          className="w-fit py-1 text-sm text-accent underline underline-offset-2"
          href={`${base}/forgot-password`}
        >
          {t('enter.forgot')}
        </a>
      </form>
    </Frame>
  );
}
