import { Button } from '../../../shared/controls.tsx';
import { CopyButton } from '../../../shared/CopyButton.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { dateTime } from '../../../shared/words.ts';
import { t } from './words.ts';

/** Shows a secret, this once. */
export function Secret({
  secret,
  oldUntil,
  onClose,
}: {
  secret: string;
  oldUntil?: string;
  onClose: () => void;
}) {
  return (
    <Dialog title={t('secretTitle')} onClose={onClose}>
      <p className="text-sm">{t('secretWhy')}</p>
      <div className="flex items-center gap-2 rounded-xl bg-sunken p-3">
        <code className="min-w-0 flex-1 font-mono text-sm wrap-anywhere">{secret}</code>
        <CopyButton text={secret} label={t('copy')} />
      </div>
      {oldUntil !== undefined && (
        <p className="text-sm text-muted">{t('secretOld', { at: dateTime(oldUntil) })}</p>
      )}
      <Button kind="main" className="w-fit justify-self-end" onClick={onClose}>
        {t('done')}
      </Button>
    </Dialog>
  );
}
