import { useState } from 'react';
import { Button } from '../../../shared/controls.tsx';
import { useUser } from '../../../shared/session.ts';
import { reload, send, useGet } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { TextArea } from '../../shared/fields.tsx';
import { Panel } from '../../shared/Page.tsx';
import { Progress } from '../../shared/states.tsx';
import type { Account } from '../../types.ts';
import { t } from './words.ts';

/** Erases an account, once its name is typed and a reason is given. */
export function Erase({ account }: { account: Account }) {
  const me = useUser();
  const [asking, setAsking] = useState(false);
  const [why, setWhy] = useState('');
  // In the address, so that a reload still shows how it goes.
  const { values, set } = useFilters({ receipt: '' });
  const { receipt } = values;
  const word = account.email ?? account.username ?? String(account.id);
  if (me?.id === account.id) return null;
  return (
    <Panel title={t('danger')}>
      {receipt !== '' ? (
        <Receipt receipt={receipt} />
      ) : (
        <>
          <p className="text-sm text-muted">{t('eraseWhy')}</p>
          <Button
            kind="danger"
            className="w-fit"
            disabled={account.status === 'deleted'}
            onClick={() => setAsking(true)}
          >
            {t('erase')}
          </Button>
        </>
      )}
      {asking && (
        <Confirm
          title={t('eraseTitle')}
          act={t('eraseAct')}
          word={word}
          ready={why.trim() !== ''}
          labels={{ reason: t('reason') }}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            const begun = await send<{ receipt: string }>('POST', `/users/${account.id}/erase`, {
              reason: why.trim(),
            });
            set({ receipt: begun.receipt });
            void reload('/users?', `/users/${account.id}/sessions`);
          }}
        >
          <p className="text-sm">{t('eraseWhy')}</p>
          <TextArea
            label={t('reason')}
            hint={t('reasonHint')}
            rows={3}
            maxLength={500}
            value={why}
            onChange={({ target }) => setWhy(target.value)}
          />
        </Confirm>
      )}
    </Panel>
  );
}

/** How the erasure goes, until it is over. */
function Receipt({ receipt }: { receipt: string }) {
  const { data } = useGet<{ status: 'erasing' | 'erased' }>(`/erasures/${receipt}`, {}, { every: 2_000 });
  const over = data?.status === 'erased';
  return (
    <div className="grid gap-3 text-sm" role="status">
      {over ? <p className="font-medium">{t('erased')}</p> : <Progress label={t('erasing')} />}
      <p className="wrap-anywhere">
        {t('receipt')}: <code className="font-mono">{receipt}</code>
      </p>
    </div>
  );
}
