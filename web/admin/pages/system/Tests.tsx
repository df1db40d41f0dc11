import { useState } from 'react';
import { Alert, Button } from '../../../shared/controls.tsx';
import { send } from '../../data/api.ts';
import { Panel } from '../../shared/Page.tsx';
import { useAct } from '../../shared/useAct.ts';
import type { SystemState } from '../../types.ts';
import { CheckBadge } from './index.tsx';
import { t } from './words.ts';

/** Tries mail and push with the administrator's own address and devices. */
export function Tests({ system }: { system: SystemState }) {
  const { busy, refused, act } = useAct();
  const [said, setSaid] = useState('');
  const attempt = (work: () => Promise<string>) => {
    setSaid('');
    return act(async () => setSaid(await work()));
  };
  const mail = async () => t('mailSent', await send<{ to: string }>('POST', '/system/mail'));
  const push = async () => {
    const sent = await send<{ devices: number; taken: number }>('POST', '/system/push');
    return sent.devices === 0 ? t('noDevice') : t('pushSent', sent);
  };
  return (
    <Panel title={t('tests')}>
      <div className="flex flex-wrap items-center gap-3">
        <Button busy={busy} onClick={() => void attempt(mail)}>
          {t('mailTest')}
        </Button>
        <CheckBadge check={system.mail} />
      </div>
      <div className="flex flex-wrap items-center gap-3">
        <Button busy={busy} onClick={() => void attempt(push)}>
          {t('pushTest')}
        </Button>
        <CheckBadge check={system.push ? 'healthy' : 'off'} />
      </div>
      <p role="status" className="text-sm">
        {said}
      </p>
      <Alert>{refused}</Alert>
    </Panel>
  );
}
