import { Alert, Button, Field } from '../controls.tsx';
import { session } from '../session.ts';
import { t } from '../words.ts';
import { Frame } from './Frame.tsx';
import { reasonOf, textOf, useForm } from './useForm.ts';

/** Asks for the code of an account that has a second factor. */
export function SecondFactor({ token, onBack }: { token: string; onBack: () => void }) {
  const form = useForm((fields) => session.secondFactor(token, textOf(fields, 'code').trim()));
  const reasons = { unauthenticated: t('enter.wrongCode'), rate_limited: t('enter.tooOften') };
  return (
    <Frame title={t('enter.title')} lead={t('enter.codeLead')}>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        <Field label={t('enter.code')} name="code" autoComplete="one-time-code" required />
        <Alert>{reasonOf(form.problem, reasons)}</Alert>
        <Button kind="main" type="submit" busy={form.busy}>
          {t('enter.confirmCode')}
        </Button>
        <Button kind="quiet" onClick={onBack}>
          {t('forgot.back')}
        </Button>
      </form>
    </Frame>
  );
}
