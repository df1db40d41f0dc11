import { Button } from '../../../shared/controls.tsx';
import { deviceName } from '../../../shared/deviceName.ts';
import type { DeviceSession } from '../../../sdk/types.ts';
import { toast } from '../../../shared/toasts.tsx';
import { moment } from '../../../shared/words.ts';
import { patchList, reason, reload, send, useList } from '../../data/api.ts';
import { Panel } from '../../shared/Page.tsx';
import { Table } from '../../shared/Table.tsx';
import { t } from './words.ts';

/** Where an account is signed in. */
export function Sessions({ id }: { id: number }) {
  const path = `/users/${id}/sessions`;
  const list = useList<DeviceSession>(path, {}, { limit: 20 });
  const end = async (session: DeviceSession) => {
    const undo = patchList<DeviceSession>(path, (one) => (one.id === session.id ? undefined : one));
    try {
      await send('DELETE', `${path}/${session.id}`);
      toast(t('ended'));
    } catch (err) {
      undo();
      toast(reason(err));
    }
    void reload(path);
  };
  const device = ({ user_agent }: DeviceSession) => deviceName(user_agent) ?? t('unknownDevice');
  return (
    <Panel title={t('sessions')}>
      <Table
        label={t('sessions')}
        list={list}
        columns={[
          { head: t('device'), cell: device },
          { head: t('address'), cell: ({ ip }) => ip ?? '–', wide: true },
          { head: t('lastUsed'), cell: ({ last_used_at }) => moment(last_used_at) },
          {
            head: t('end'),
            cell: (session) => (
              <Button
                small
                kind="quiet"
                aria-label={t('endOf', { device: device(session) })}
                onClick={() => void end(session)}
              >
                {t('end')}
              </Button>
            ),
          },
        ]}
        empty={<p className="text-sm text-muted">{t('noSessions')}</p>}
      />
    </Panel>
  );
}
