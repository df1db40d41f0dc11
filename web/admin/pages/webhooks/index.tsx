import { useState } from 'react';
import { Route, Routes, useNavigate } from 'react-router';
import { Button } from '../../../shared/controls.tsx';
import { Dialog } from '../../../shared/Dialog.tsx';
import { dateTime } from '../../../shared/words.ts';
import { reload, send, useList } from '../../data/api.ts';
import { Page } from '../../shared/Page.tsx';
import { Badge, EmptyState } from '../../shared/states.tsx';
import { Table } from '../../shared/Table.tsx';
import type { Webhook } from '../../types.ts';
import { w } from '../../words.ts';
import { Form } from './Form.tsx';
import { One } from './One.tsx';
import { Secret } from './Secret.tsx';
import { t } from './words.ts';

export default function Webhooks() {
  return (
    <Routes>
      <Route index element={<All />} />
      <Route path=":id" element={<One />} />
    </Routes>
  );
}

function All() {
  const list = useList<Webhook>('/webhooks');
  const [adding, setAdding] = useState(false);
  const [added, setAdded] = useState<{ id: number; secret: string }>();
  const navigate = useNavigate();
  const add = (
    <Button kind="main" onClick={() => setAdding(true)}>
      {t('add')}
    </Button>
  );
  return (
    <Page title={w('webhooks')} actions={add}>
      <Table
        label={w('webhooks')}
        list={list}
        link={({ id }) => `/webhooks/${id}`}
        columns={[
          {
            head: t('url'),
            cell: ({ url }) => <span className="inline-block min-w-44 wrap-anywhere">{url}</span>,
          },
          { head: t('description'), cell: ({ description }) => description || '–' },
          { head: t('events'), cell: ({ events }) => events.join(', '), wide: true },
          { head: t('state'), cell: (webhook) => <State webhook={webhook} /> },
        ]}
        empty={
          <EmptyState title={t('none')} text={t('noneWhy')}>
            <Button onClick={() => setAdding(true)}>{t('add')}</Button>
          </EmptyState>
        }
      />
      {adding && (
        <Dialog writes title={t('add')} onClose={() => setAdding(false)}>
          <Form
            act={t('add')}
            onCancel={() => setAdding(false)}
            onSubmit={async (fields) => {
              setAdded(await send<{ id: number; secret: string }>('POST', '/webhooks', fields));
              setAdding(false);
              void reload('/webhooks');
            }}
          />
        </Dialog>
      )}
      {added !== undefined && (
        <Secret
          secret={added.secret}
          onClose={() => {
            setAdded(undefined);
            void navigate(`/webhooks/${added.id}`);
          }}
        />
      )}
    </Page>
  );
}

export function State({ webhook: { enabled, disabled_reason, failing_since } }: { webhook: Webhook }) {
  if (disabled_reason !== null) return <Badge tone="bad">{t(disabled_reason)}</Badge>;
  if (!enabled) return <Badge tone="quiet">{t('off')}</Badge>;
  if (failing_since !== null)
    return <Badge tone="bad">{t('failing', { at: dateTime(failing_since) })}</Badge>;
  return <Badge tone="good">{t('on')}</Badge>;
}
