import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Access, Page } from '../../sdk/types.ts';
import { session } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { Past } from './Past.tsx';

/** Which person read what of the user's, and when. Asked for when it is opened. */
export function AccessLog() {
  const [open, setOpen] = useState(false);
  const { data } = useQuery({
    queryKey: ['access log'],
    enabled: open,
    queryFn: ({ signal }) => session.call<Page<Access>>('GET', '/users/me/access-log?limit=50', { signal }),
  });
  const lines = (data?.data ?? []).map(({ id, at, action, person }) => ({
    id,
    at,
    what: (
      <>
        {person?.name ?? t('data.somebody')}: <code className="font-mono text-xs">{action}</code>
      </>
    ),
  }));
  return (
    <Past title={t('data.access')} lines={lines} onToggle={setOpen}>
      {data?.data.length === 0 && <p className="pb-2 text-sm text-muted">{t('data.nobody')}</p>}
    </Past>
  );
}
