import { Link, useNavigate } from 'react-router';
import { Alert, Button, Check, Field } from '../../shared/controls.tsx';
import { session, useUser } from '../../shared/session.ts';
import { language, t } from '../../shared/words.ts';
import { Frame } from '../../shared/enter/Frame.tsx';
import { NewPassword } from './NewPassword.tsx';
import { useUnsavedForm } from '../../shared/unsaved.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';

/** Makes an account, or makes a guest one. */
export function Register() {
  const navigate = useNavigate();
  const guest = useUser();
  const fields = useUnsavedForm();
  const form = useForm(async (fields) => {
    await session.register({
      email: textOf(fields, 'email').trim(),
      username: textOf(fields, 'username').trim(),
      password: textOf(fields, 'password'),
      gdpr_consent: true,
      data_processing_consent: fields.has('processing'),
      marketing_consent: fields.has('marketing'),
      language: language(),
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    await navigate('/', { replace: true });
  });
  const wrong = (name: string) => form.problem?.errors?.find(({ path }) => path === `/${name}`);
  const reasons = {
    already_exists: t('register.taken'),
    validation_failed: t('register.invalid'),
    rate_limited: t('enter.tooOften'),
  };
  return (
    <Frame title={t('register.title')} lead={guest === null ? '' : t('register.keep')}>
      <form ref={fields} className="grid gap-4" onSubmit={form.onSubmit}>
        <Field
          label={t('enter.email')}
          name="email"
          type="email"
          autoComplete="email"
          required
          wrong={wrong('email') && t('register.mustBeEmail')}
        />
        <Field
          label={t('register.username')}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          minLength={3}
          maxLength={50}
          pattern="[A-Za-z0-9_.\-]+"
          required
          hint={t('register.usernameHint')}
          wrong={wrong('username') && t('register.mustBeUsername')}
        />
        <NewPassword
          label={t('enter.password')}
          name="password"
          hint={t('register.passwordHint')}
          wrong={wrong('password') && t('register.weak')}
        />
        <div>
          <Check name="gdpr" required>
            {t('register.gdpr')}
          </Check>
          <Check name="processing">{t('register.processing')}</Check>
          <Check name="marketing">{t('register.marketing')}</Check>
        </div>
        <Alert>{reasonOf(form.problem, reasons)}</Alert>
        <Button kind="main" type="submit" busy={form.busy}>
          {t('register.submit')}
        </Button>
        <Link className="py-1 text-sm text-accent underline underline-offset-2" to="/">
          {guest === null ? t('register.have') : t('app.home')}
        </Link>
      </form>
    </Frame>
  );
}
