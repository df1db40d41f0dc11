import { Button } from '../../../shared/controls.tsx';
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
  const device = ({ user_agent }: DeviceSession) => shortened(user_agent) ?? t('unknownDevice');
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

/** Returns the browser and the system of a user agent, as far as they can be told. */
function shortened(agent: string | null): string | undefined {
  if (agent === null || agent === '') return undefined;
  const browser = /(Firefox|Edg|Chrome|Safari)\/[\d.]+/.exec(agent)?.[1];
  const system = /(Windows|Android|iPhone|iPad|Mac OS|Linux)/.exec(agent)?.[1];
  return browser === undefined
    ? agent.slice(0, 60)
    : [browser.replace('Edg', 'Edge'), system].filter(Boolean).join(', ');
}
