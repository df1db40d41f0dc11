import { useSyncExternalStore } from 'react';
import { Button } from './controls.tsx';
import { Dialog } from './Dialog.tsx';
import { leaving } from './unsaved.ts';
import { t } from './words.ts';

/** Asks whether somebody leaves a form that is not saved. */
export function LeaveDialog() {
  const wanted = useSyncExternalStore(leaving.subscribe, leaving.wanted);
  if (wanted === undefined) return null;
  return (
    <Dialog title={t('unsaved.title')} onClose={leaving.stay}>
      <p>{t('unsaved.text')}</p>
      <div className="flex flex-wrap justify-end gap-2">
        <Button kind="quiet" onClick={leaving.go}>
          {t('unsaved.leave')}
        </Button>
        <Button kind="main" onClick={leaving.stay}>
          {t('unsaved.stay')}
        </Button>
      </div>
    </Dialog>
  );
}
