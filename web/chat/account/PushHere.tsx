import { useEffect, useState } from 'react';
import { Alert, Check } from '../../shared/controls.tsx';
import { t } from '../../shared/words.ts';
import { canPush, isPushedHere, NoPush, startPush, stopPush } from '../data/push.ts';

/** Turns notifications of this device on and off. Says so where the browser has none, or refuses. */
export function PushHere() {
  const [on, setOn] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    void isPushedHere().then(setOn);
  }, []);
  if (!canPush()) return <p className="text-sm text-muted">{t('push.none')}</p>;
  const set = async (next: boolean) => {
    setBusy(true);
    setWrong('');
    try {
      await (next ? startPush() : stopPush());
      setOn(next);
    } catch (err) {
      setWrong(err instanceof NoPush ? t(`push.${err.why}`) : t('app.failed'));
    }
    setBusy(false);
  };
  return (
    <div>
      <Check checked={on} disabled={busy} onChange={({ target }) => void set(target.checked)}>
        {t('push.here')}
      </Check>
      <Alert>{wrong}</Alert>
    </div>
  );
}
