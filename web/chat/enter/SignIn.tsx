import { Link } from 'react-router';
import { Alert, Button } from '../../shared/controls.tsx';
import { session } from '../../shared/session.ts';
import { language, t } from '../../shared/words.ts';
import { SignInFrame } from '../../shared/enter/SignInFrame.tsx';
import { reasonOf, useForm } from '../../shared/enter/useForm.ts';

/** The first page: sign in, or try it as a guest. */
export function SignIn() {
  const guest = useForm(() =>
    session.guest({
      gdpr_consent: true,
      data_processing_consent: true,
      language: language(),
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
  );
  const links = (
    <p className="flex flex-wrap justify-between gap-x-4 gap-y-1 text-sm text-accent">
      <Link className="py-1 underline underline-offset-2" to="/register">
        {t('enter.register')}
      </Link>
      <Link className="py-1 underline underline-offset-2" to="/forgot-password">
        {t('enter.forgot')}
      </Link>
    </p>
  );
  return (
    <SignInFrame title={t('enter.title')} lead={t('enter.lead')} links={links}>
      <form className="grid gap-3 border-t border-line pt-6" onSubmit={guest.onSubmit}>
        <Button type="submit" busy={guest.busy}>
          {t('enter.guest')}
        </Button>
        <Alert>
          {reasonOf(guest.problem, { forbidden: t('enter.guestsOff'), rate_limited: t('enter.tooOften') })}
        </Alert>
        <p className="text-sm text-muted">{t('enter.guestNote')}</p>
      </form>
    </SignInFrame>
  );
}
