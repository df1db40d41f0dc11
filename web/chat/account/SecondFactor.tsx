import { useState } from 'react';
import type { SecondFactor as Enrolment, User } from '../../sdk/types.ts';
import { reloadUser } from '../../shared/account.ts';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { CopyButton } from '../../shared/CopyButton.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';
import { PresentPassword } from './PresentPassword.tsx';
import { QrCode } from './QrCode.tsx';
import { Section } from './Section.tsx';

/** The second factor: off, being set up in three steps, or on. */
export function SecondFactor({ user }: { user: User }) {
  const [open, setOpen] = useState(false);
  const isOn = user.second_factor;
  return (
    <Section title={t('factor.title')}>
      <p className="text-muted">{isOn ? t('factor.on') : t('factor.lead')}</p>
      <Button kind={isOn ? 'danger' : 'plain'} className="w-fit" onClick={() => setOpen(true)}>
        {isOn ? t('factor.disable') : t('factor.enable')}
      </Button>
      {open && isOn && <Disable onClose={() => setOpen(false)} />}
      {open && !isOn && <Enrol onClose={() => setOpen(false)} />}
    </Section>
  );
}

function Disable({ onClose }: { onClose: () => void }) {
  const form = useForm(async (fields) => {
    await session.call('DELETE', '/users/me/second-factor', {
      body: { password: textOf(fields, 'password') },
    });
    await reloadUser();
    toast(t('factor.disabled'));
    onClose();
  });
  return (
    <Dialog title={t('factor.disable')} onClose={onClose}>
      <PasswordForm form={form} submit={t('factor.disable')} />
    </Dialog>
  );
}

function PasswordForm({ form, submit }: { form: ReturnType<typeof useForm>; submit: string }) {
  return (
    <form className="grid gap-4" onSubmit={form.onSubmit}>
      <PresentPassword />
      <Alert>
        {reasonOf(form.problem, { validation_failed: t('me.wrong'), rate_limited: t('enter.tooOften') })}
      </Alert>
      <Button kind="main" type="submit" className="w-fit justify-self-end" busy={form.busy}>
        {submit}
      </Button>
    </form>
  );
}

/** Password, then the QR code and a first code of it, then the recovery codes. */
function Enrol({ onClose }: { onClose: () => void }) {
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [confirmed, setConfirmed] = useState(false);
  const begin = useForm(async (fields) => {
    const body = { password: textOf(fields, 'password') };
    setEnrolment(await session.call<Enrolment>('POST', '/users/me/second-factor', { body }));
  });
  const confirm = useForm(async (fields) => {
    const body = { code: textOf(fields, 'code').replaceAll(/\s/g, '') };
    await session.call('POST', '/users/me/second-factor/confirm', { body });
    setConfirmed(true);
  });
  const close = () => {
    if (confirmed) void reloadUser().catch(() => {});
    onClose();
  };
  return (
    <Dialog writes title={t('factor.enable')} onClose={close}>
      {enrolment === undefined && <PasswordForm form={begin} submit={t('factor.next')} />}
      {enrolment && !confirmed && (
        <>
          <p>{t('factor.scan')}</p>
          <QrCode text={enrolment.uri} label={t('factor.qr')} />
          <p className="text-sm text-muted">
            {t('factor.type')} <code className="font-mono wrap-anywhere text-ink">{enrolment.secret}</code>{' '}
            <CopyButton text={enrolment.secret} label={t('factor.copyKey')} />
          </p>
          <form className="grid gap-4" onSubmit={confirm.onSubmit}>
            <Field
              label={t('factor.code')}
              name="code"
              inputMode="numeric"
              autoComplete="one-time-code"
              maxLength={16}
              required
            />
            <Alert>
              {reasonOf(confirm.problem, {
                validation_failed: t('enter.wrongCode'),
                unauthenticated: t('enter.wrongCode'),
                rate_limited: t('enter.tooOften'),
              })}
            </Alert>
            <Button kind="main" type="submit" className="w-fit justify-self-end" busy={confirm.busy}>
              {t('enter.confirmCode')}
            </Button>
          </form>
        </>
      )}
      {enrolment && confirmed && <RecoveryCodes codes={enrolment.recovery_codes} onClose={close} />}
    </Dialog>
  );
}

function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  return (
    <>
      <p role="status">{t('factor.done')}</p>
      <div className="flex items-center gap-2">
        <h3 className="font-semibold">{t('factor.codes')}</h3>
        <CopyButton text={codes.join('\n')} label={t('factor.copyCodes')} />
      </div>
      <p className="text-sm text-muted">{t('factor.codesLead')}</p>
      <ul
        aria-label={t('factor.codes')}
        className="grid grid-cols-1 gap-1 rounded-xl bg-raised p-4 font-mono text-sm sm:grid-cols-2"
        dir="ltr"
      >
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <Button kind="main" className="w-fit justify-self-end" onClick={onClose}>
        {t('factor.kept')}
      </Button>
    </>
  );
}
