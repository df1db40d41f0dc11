import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Access, Page } from '../../sdk/types.ts';
import { session } from '../../shared/session.ts';
import { dateTime, t } from '../../shared/words.ts';

/** Which person read what of the user's, and when. Asked for when it is opened. */
export function AccessLog() {
  const [open, setOpen] = useState(false);
  const { data } = useQuery({
    queryKey: ['access log'],
    enabled: open,
    queryFn: ({ signal }) => session.call<Page<Access>>('GET', '/users/me/access-log?limit=50', { signal }),
  });
  return (
    <details
      className="rounded-xl border border-line px-4 py-2"
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary className="min-h-9 cursor-pointer py-1.5 text-sm font-medium">{t('data.access')}</summary>
      {data?.data.length === 0 && <p className="pb-2 text-sm text-muted">{t('data.nobody')}</p>}
      <ul className="grid gap-1 pb-2 text-sm">
        {data?.data.map(({ id, at, action, person }) => (
          <li key={id} className="flex flex-wrap justify-between gap-x-4">
            <span>
              {person?.name ?? t('data.somebody')}: <code className="font-mono text-xs">{action}</code>
            </span>
            <time dateTime={at} className="text-muted">
              {dateTime(at)}
            </time>
          </li>
        ))}
      </ul>
    </details>
  );
}
