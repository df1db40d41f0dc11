import { SignInFrame } from '../../shared/enter/SignInFrame.tsx';
import { base } from '../../shared/root.ts';
import { t } from '../../shared/words.ts';
import { w } from '../words.ts';

export function SignIn() {
  const forgot = (
    <a
      className="w-fit py-1 text-sm text-accent underline underline-offset-2"
      href={`${base}/forgot-password`}
    >
      {t('enter.forgot')}
    </a>
  );
  return <SignInFrame title={w('title')} lead={w('lead')} links={forgot} />;
}
