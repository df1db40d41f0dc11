import { useState } from 'react';
import { Alert, Button, Field } from '../../../shared/controls.tsx';
import { CopyButton } from '../../../shared/CopyButton.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { Icon } from '../../../shared/Icon.tsx';
import { send } from '../../data/api.ts';
import { Progress } from '../../shared/states.tsx';
import { useAct } from '../../shared/useAct.ts';
import type { AuditVerified } from '../../types.ts';
import { t } from './words.ts';

const HEAD = /^[0-9a-f]{64}$/;

/** Asks the server to verify the whole chain, and shows the result. */
export function Verify({ onClose }: { onClose: () => void }) {
  const [head, setHead] = useState('');
  const { busy, refused, act } = useAct();
  const [found, setFound] = useState<AuditVerified>();
  const noted = head.trim().toLowerCase();
  const verify = () =>
    act(async () => {
      setFound(await send<AuditVerified>('POST', '/audit/verify', noted === '' ? {} : { head: noted }));
    });
  return (
    <Dialog title={t('verifyTitle')} onClose={onClose}>
      <p className="text-sm text-muted">{t('verifyWhy')}</p>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void verify();
        }}
      >
        <Field
          label={t('head')}
          hint={t('headHint')}
          value={head}
          onChange={({ target }) => setHead(target.value)}
          spellCheck={false}
          autoComplete="off"
        />
        <Alert>{refused}</Alert>
        <div role="status">
          {busy && <Progress label={t('verifying')} />}
          {!busy && found !== undefined && <Result found={found} />}
        </div>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button kind="main" type="submit" disabled={busy || (noted !== '' && !HEAD.test(noted))}>
            {t('start')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Result({ found: { sound, entries, head, fault, chain_seq } }: { found: AuditVerified }) {
  if (!sound)
    return (
      <div className="grid gap-1 rounded-xl bg-soft p-4 text-danger">
        <p className="flex items-center gap-2 font-medium">
          <Icon name="warning" /> {t('broken', { place: chain_seq ?? '–' })}
        </p>
        <p className="text-sm">{t((fault ?? 'edited') as 'edited')}</p>
      </div>
    );
  return (
    <div className="grid gap-2 rounded-xl bg-raised p-4">
      <p className="flex items-center gap-2 font-medium text-accent">
        <Icon name="check" /> {t('sound', { n: entries ?? 0 })}
      </p>
      <p className="text-sm">{t('noteHead')}</p>
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 font-mono text-xs wrap-anywhere">{head}</code>
        <CopyButton text={head ?? ''} label={t('copy')} />
      </div>
    </div>
  );
}
