import { type ReactNode, useState } from 'react';
import { Refused } from '../../sdk/http.ts';
import { Alert, Button, Field } from '../controls.tsx';
import { session } from '../session.ts';
import { t } from '../words.ts';
import { Frame } from './Frame.tsx';
import { SecondFactor } from './SecondFactor.tsx';
import { reasonOf, textOf, useForm } from './useForm.ts';

type Props = { title: string; lead: string; links: ReactNode; children?: ReactNode };

/** Signs in by a password, and by a second factor where the account has one. @param children other ways in, below the form */
export function SignInFrame({ title, lead, links, children }: Props) {
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
  const reasons = { unauthenticated: t('enter.wrong'), rate_limited: t('enter.tooOften') };
  const labels = { email: t('enter.email'), password: t('enter.password') };
  if (factor !== undefined) return <SecondFactor token={factor} onBack={() => setFactor(undefined)} />;
  return (
    <Frame title={title} lead={lead}>
      <Alert>{session.lost && t('enter.lost')}</Alert>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        <Field label={t('enter.email')} name="email" autoComplete="username" autoCapitalize="none" required />
        <Field
          label={t('enter.password')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        <Alert>{reasonOf(form.problem, reasons, labels)}</Alert>
        <Button kind="main" type="submit" busy={form.busy}>
          {t('enter.signIn')}
        </Button>
        {links}
      </form>
      {children}
    </Frame>
  );
}

/** Returns the token of a sign-in that also wants a code. */
function secondFactorOf(err: unknown): string | undefined {
  if (!(err instanceof Refused) || err.code !== 'second_factor_required') return undefined;
  return (err.problem as { second_factor_token?: string }).second_factor_token;
}
