import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { DeviceSession, Page } from '../../sdk/types.ts';
import { Button } from '../../shared/controls.tsx';
import { deviceName } from '../../shared/deviceName.ts';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';
import { dateTime, t } from '../../shared/words.ts';
import { Section } from './Section.tsx';

/** Where the user is signed in. Any of these sign-ins can be ended from here. */
export function Devices() {
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: ['devices'],
    queryFn: ({ signal }) =>
      session.call<Page<DeviceSession>>('GET', '/users/me/sessions?limit=100', { signal }),
  });
  const end = async (id: number) => {
    try {
      await session.call('DELETE', `/users/me/sessions/${id}`);
    } catch {
      toast(t('app.failed'));
    }
    await client.invalidateQueries({ queryKey: ['devices'] });
  };
  return (
    <Section title={t('me.devices')}>
      <ul aria-label={t('me.devices')} className="grid gap-2">
        {data?.data.map(({ id, user_agent, last_used_at, current }) => {
          const device = deviceName(user_agent) ?? t('me.unknownDevice');
          return (
            <li key={id} className="flex items-center gap-3 rounded-xl border border-line p-3">
              <span className="grid min-w-0 flex-1">
                <span className="truncate font-medium">
                  {device}{' '}
                  {current && <span className="ms-2 text-sm font-normal text-accent">{t('me.this')}</span>}
                </span>
                <span className="text-sm text-muted">
                  {t('me.lastUsed', { when: dateTime(last_used_at) })}
                </span>
              </span>
              {!current && (
                <Button aria-label={t('me.endDevice', { device })} onClick={() => void end(id)}>
                  {t('me.end')}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
