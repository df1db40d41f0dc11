import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { Button } from '../../../shared/controls.tsx';
import { queries } from '../../../shared/queries.ts';
import { toast } from '../../../shared/toasts.tsx';
import { dateTime } from '../../../shared/words.ts';
import { reload, reloadExactly, send, stopReading, tellFailure, useGet, useList } from '../../data/api.ts';
import { Confirm } from '../../shared/Confirm.tsx';
import { LinkButton } from '../../shared/LinkButton.tsx';
import { Page, Panel } from '../../shared/Page.tsx';
import { Badge, EmptyState, ErrorState, Loading } from '../../shared/states.tsx';
import { Table } from '../../shared/Table.tsx';
import type { Delivery, Webhook } from '../../types.ts';
import { w } from '../../words.ts';
import { Form } from './Form.tsx';
import { State } from './index.tsx';
import { Secret } from './Secret.tsx';
import { t } from './words.ts';

export function One() {
  const id = Number(useParams().id);
  const { data, error, refetch } = useGet<Webhook>(`/webhooks/${id}`);
  return (
    <Page
      title={data === undefined ? w('webhooks') : data.description || new URL(data.url).host}
      actions={<LinkButton to="/webhooks">{t('back')}</LinkButton>}
    >
      {error !== null && data === undefined && <ErrorState error={error} again={refetch} />}
      {error === null && data === undefined && <Loading />}
      {data !== undefined && <Known webhook={data} />}
    </Page>
  );
}

function Known({ webhook }: { webhook: Webhook }) {
  const { id } = webhook;
  const [asking, setAsking] = useState<'rotate' | 'remove'>();
  const [rotated, setRotated] = useState<{ secret: string; previous_expires_at: string }>();
  const [gone, setGone] = useState(false);
  const navigate = useNavigate();
  const test = async () => {
    await send('POST', `/webhooks/${id}/test`).then(() => toast(t('tested')), tellFailure);
    void reload(`/webhooks/${id}/deliveries`);
  };
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <State webhook={webhook} />
        <Button onClick={() => void test()}>{t('test')}</Button>
        <Button onClick={() => setAsking('rotate')}>{t('rotate')}</Button>
        <Button kind="danger" onClick={() => setAsking('remove')}>
          {t('remove')}
        </Button>
      </div>
      <Deliveries id={id} enabled={!gone} />
      <Panel title={t('settings')}>
        <Form
          key={JSON.stringify(webhook)}
          webhook={webhook}
          act={t('save')}
          onSubmit={async (fields) => {
            queries.setQueryData(
              [`/webhooks/${id}`, {}],
              await send<Webhook>('PUT', `/webhooks/${id}`, fields),
            );
            toast(t('saved'));
            void reload('/webhooks');
          }}
        />
      </Panel>
      {asking === 'rotate' && (
        <Confirm
          title={t('rotateTitle')}
          act={t('rotate')}
          onClose={() => setAsking(undefined)}
          onConfirm={async () => setRotated(await send('POST', `/webhooks/${id}/secret`))}
        >
          <p className="text-sm">{t('rotateWhy')}</p>
        </Confirm>
      )}
      {asking === 'remove' && (
        <Confirm
          title={t('removeTitle')}
          act={t('remove')}
          word={new URL(webhook.url).host}
          onClose={() => setAsking(undefined)}
          onConfirm={async () => {
            // Its deliveries are read every few seconds, and a read after the deletion would fail.
            setGone(true);
            await stopReading(`/webhooks/${id}`);
            try {
              await send('DELETE', `/webhooks/${id}`);
            } catch (err) {
              setGone(false);
              throw err;
            }
            await navigate('/webhooks');
            // Leaves out the endpoint itself, which is deleted.
            void reloadExactly('/webhooks');
          }}
        >
          <p className="text-sm">{t('removeWhy')}</p>
        </Confirm>
      )}
      {rotated !== undefined && (
        <Secret
          secret={rotated.secret}
          oldUntil={rotated.previous_expires_at}
          onClose={() => setRotated(undefined)}
        />
      )}
    </>
  );
}

/** Why there was no answer, by the word of the API. */
const TROUBLES = ['timeout', 'unreachable', 'address_refused', 'secret_unreadable', 'switched_off'] as const;

/** Says why there was no answer. A word that only a later server knows is shown as it is. */
function troubleOf(error: string | null): string | null {
  const known = TROUBLES.find((one) => one === error);
  return known === undefined ? error : t(known);
}

const TONES = { pending: 'plain', delivered: 'good', failed: 'bad' } as const;

function Deliveries({ id, enabled }: { id: number; enabled: boolean }) {
  const path = `/webhooks/${id}/deliveries`;
  const list = useList<Delivery>(path, {}, { limit: 25, every: 5_000, enabled });
  const again = async (delivery: Delivery) => {
    await send('POST', `${path}/${delivery.id}/retry`).then(() => toast(t('retried')), tellFailure);
    void reload(path);
  };
  return (
    <Panel title={t('deliveries')}>
      <Table
        label={t('deliveries')}
        list={list}
        columns={[
          { head: t('type'), cell: ({ type }) => <code className="font-mono text-xs">{type}</code> },
          {
            head: t('result'),
            cell: ({ status, response_status, error, next_attempt_at }) => (
              <span className="flex flex-wrap items-center gap-1.5">
                <Badge tone={TONES[status]}>{t(status)}</Badge>
                <span className="text-muted">{response_status ?? troubleOf(error)}</span>
                {status === 'pending' && next_attempt_at !== null && (
                  <span className="text-xs text-muted">{t('next', { at: dateTime(next_attempt_at) })}</span>
                )}
              </span>
            ),
          },
          { head: t('attempts'), cell: ({ attempts }) => attempts, number: true },
          {
            head: t('took'),
            cell: ({ duration_ms }) => (duration_ms === null ? '–' : `${duration_ms} ms`),
            number: true,
            wide: true,
          },
          { head: t('at'), cell: ({ created_at }) => dateTime(created_at) },
          {
            head: t('answer'),
            cell: ({ response }) => <span className="line-clamp-2 text-xs text-muted">{response ?? ''}</span>,
            wide: true,
          },
          {
            head: t('retry'),
            cell: (delivery) => (
              <Button
                small
                kind="quiet"
                aria-label={t('retryOf', { id: delivery.id })}
                onClick={() => void again(delivery)}
              >
                {t('retry')}
              </Button>
            ),
          },
        ]}
        empty={<EmptyState title={t('noDeliveries')} text={t('noDeliveriesWhy')} />}
      />
    </Panel>
  );
}
