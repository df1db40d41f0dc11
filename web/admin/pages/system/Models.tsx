import { useState } from 'react';
import { Alert, Button } from '../../../shared/controls.tsx';
import { send } from '../../data/api.ts';
import { Panel } from '../../shared/Page.tsx';
import { Progress } from '../../shared/states.tsx';
import { useAct } from '../../shared/useAct.ts';
import type { SystemState } from '../../types.ts';
import { CheckBadge } from './index.tsx';
import { Rows } from '../../shared/Rows.tsx';
import { t } from './words.ts';

/** The model of each role, and what each says when it is asked. */
export function Models({ models }: { models: SystemState['models'] }) {
  const { busy, refused, act } = useAct();
  const [said, setSaid] = useState<{ well: boolean; lines: string[] }>();
  const ask = () => act(async () => setSaid(await send('POST', '/system/models')));
  return (
    <Panel title={t('models')}>
      <Rows
        label={t('models')}
        head={[t('role'), t('model'), t('provider'), t('state')]}
        rows={models.map(({ role, name, provider, kind, check }) => ({
          key: `${role} ${name}`,
          cells: [
            t(role),
            name ?? '–',
            provider === null ? '–' : provider === kind ? provider : `${provider} (${kind})`,
            check === null ? t('notAsked') : <CheckBadge key="check" check={check} />,
          ],
        }))}
      />
      <div className="flex flex-wrap items-center gap-3">
        <Button busy={busy} onClick={() => void ask()}>
          {t('ask')}
        </Button>
        <p className="text-sm text-muted">{t('askHint')}</p>
      </div>
      <Alert>{refused}</Alert>
      <div role="status" className="grid grid-cols-[minmax(0,1fr)] gap-2">
        {busy && <Progress label={t('asking')} />}
        {!busy && said !== undefined && (
          <>
            <p className={`text-sm font-medium ${said.well ? 'text-accent' : 'text-danger'}`}>
              {said.well ? t('allWell') : t('notWell')}
            </p>
            <pre className="rounded-xl bg-sunken p-3 font-mono text-xs whitespace-pre-wrap wrap-anywhere">
              {said.lines.join('\n')}
            </pre>
          </>
        )}
      </div>
    </Panel>
  );
}
