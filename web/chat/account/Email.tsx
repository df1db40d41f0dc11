import { useState } from 'react';
import type { User } from '../../sdk/types.ts';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { useUnsavedForm } from '../../shared/unsaved.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';
import { PresentPassword } from './PresentPassword.tsx';
import { Section } from './Section.tsx';

/** The e-mail address: whether it is confirmed, and how to change it. */
export function Email({ user }: { user: User }) {
  const [changing, setChanging] = useState(false);
  const { email, email_verified_at } = user;
  return (
    <Section title={t('enter.email')}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 font-medium wrap-anywhere">{email}</span>
        <span className={`text-sm ${email_verified_at ? 'text-accent' : 'text-muted'}`}>
          {email_verified_at ? t('email.confirmed') : t('email.unconfirmed')}
        </span>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        {!email_verified_at && <SendAgain />}
        {user.username !== null && !changing && (
          <Button onClick={() => setChanging(true)}>{t('email.change')}</Button>
        )}
      </div>
      {changing && <Change onClose={() => setChanging(false)} />}
    </Section>
  );
}

function SendAgain() {
  const [sent, setSent] = useState(false);
  const { busy, problem, run } = useForm(async () => {});
  const send = () =>
    run(async () => {
      await session.call('POST', '/auth/verify-email/send');
      setSent(true);
    });
  return (
    <>
      <Button busy={busy || sent} onClick={() => void send()}>
        {t('email.again')}
      </Button>
      {sent && <p role="status">{t('email.sent')}</p>}
      <Alert>{reasonOf(problem, { not_configured: t('email.noMail') })}</Alert>
    </>
  );
}

function Change({ onClose }: { onClose: () => void }) {
  const [asked, setAsked] = useState('');
  const fields = useUnsavedForm();
  const form = useForm(async (fields) => {
    const email = textOf(fields, 'email').trim();
    await session.call('POST', '/users/me/email', { body: { email, password: textOf(fields, 'password') } });
    setAsked(email);
  });
  if (asked !== '') return <p role="status">{t('email.asked', { email: asked })}</p>;
  const isPassword = form.problem?.errors?.some(({ path }) => path === '/password');
  const reasons = {
    validation_failed: isPassword ? t('me.wrong') : t('register.mustBeEmail'),
    not_configured: t('email.noMail'),
    rate_limited: t('enter.tooOften'),
  };
  return (
    <form ref={fields} className="grid gap-4" onSubmit={form.onSubmit}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label={t('email.new')}
          name="email"
          type="email"
          autoComplete="email"
          maxLength={254}
          required
        />
        <PresentPassword />
      </div>
      <Alert>{reasonOf(form.problem, reasons)}</Alert>
      <div className="flex flex-wrap gap-2">
        <Button kind="main" type="submit" busy={form.busy}>
          {t('email.submit')}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          {t('app.cancel')}
        </Button>
      </div>
    </form>
  );
}
