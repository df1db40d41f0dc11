import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { ErasureBegun, User } from '../../sdk/types.ts';
import { Alert, Button, Field } from '../../shared/controls.tsx';
import { Dialog } from '../../shared/Dialog.tsx';
import { forgetUser } from '../../shared/forget.ts';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { reasonOf, textOf, useForm } from '../../shared/enter/useForm.ts';
import { PresentPassword } from './PresentPassword.tsx';

/** Erases the account once its owner typed a word, and the password where there is one. */
export function Erase({ user, onClose }: { user: User; onClose: () => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const word = t('erase.word');
  // Vouched accounts and guests have no password.
  const hasPassword = user.username !== null;
  const form = useForm(async (fields) => {
    const body = hasPassword ? { password: textOf(fields, 'password') } : {};
    const { receipt } = await session.call<ErasureBegun>('DELETE', '/users/me', { body });
    // Behind `#`, where no server and no log sees it.
    await navigate(`/erased#receipt=${encodeURIComponent(receipt)}`, { replace: true });
    forgetUser(user.id);
    session.ended();
  });
  const reasons = {
    validation_failed: t('me.wrong'),
    conflict: t('erase.lastAdmin'),
    rate_limited: t('enter.tooOften'),
  };
  return (
    <Dialog writes title={t('erase.title')} onClose={onClose}>
      <p>{t('erase.what')}</p>
      <form className="grid gap-4" onSubmit={form.onSubmit}>
        {hasPassword && <PresentPassword />}
        <Field
          label={t('erase.type', { word })}
          name="word"
          autoComplete="off"
          autoCapitalize="none"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          required
        />
        <Alert>{reasonOf(form.problem, reasons)}</Alert>
        <div className="flex flex-wrap justify-end gap-2">
          <Button kind="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button
            kind="danger"
            type="submit"
            busy={form.busy}
            disabled={typed.trim().toLowerCase() !== word.toLowerCase()}
          >
            {t('erase.submit')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
