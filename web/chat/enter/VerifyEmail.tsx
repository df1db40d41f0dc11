import { useEffect, useRef } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import { request } from '../../sdk/http.ts';
import { Alert } from '../../shared/controls.tsx';
import { base } from '../../shared/root.ts';
import { t } from '../../shared/words.ts';
import { Frame } from '../../shared/enter/Frame.tsx';
import { linkToken } from './linkToken.ts';
import { reasonOf, useForm } from '../../shared/enter/useForm.ts';

/** Confirms an e-mail address with the token of a mail. */
export function VerifyEmail() {
  const [done, setDone] = useState(false);
  const asked = useRef(false);
  const { problem, run } = useForm(async () => {});
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    void run(async () => {
      await request(base, 'POST', '/auth/verify-email', { body: { token: linkToken() } });
      setDone(true);
    });
  }, [run]);
  const reasons = { gone: t('reset.gone'), validation_failed: t('reset.gone') };
  return (
    <Frame title={t('verify.title')}>
      {problem === undefined && <p role="status">{done ? t('verify.done') : t('verify.working')}</p>}
      <Alert>{reasonOf(problem, reasons)}</Alert>
      <Link className="py-1 text-sm text-accent underline underline-offset-2" to="/">
        {t('app.home')}
      </Link>
    </Frame>
  );
}
