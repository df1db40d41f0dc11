import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Erasure } from '../../sdk/types.ts';
import { request } from '../../sdk/http.ts';
import { CopyButton } from '../../shared/CopyButton.tsx';
import { base } from '../../shared/root.ts';
import { dateTime, number, t } from '../../shared/words.ts';
import { Frame } from '../../shared/enter/Frame.tsx';

const ASK_EVERY_MS = 1_500;

/** The receipt of an erasure. Nobody signs in to read it: whoever has its link may. */
export function Erased() {
  const [receipt] = useState(() => new URLSearchParams(location.hash.slice(1)).get('receipt') ?? '');
  const { data, isError } = useQuery({
    queryKey: ['erasure', receipt],
    enabled: receipt !== '',
    queryFn: ({ signal }) =>
      request<Erasure>(base, 'GET', `/erasures/${encodeURIComponent(receipt)}`, { signal }),
    refetchInterval: ({ state }) => (state.data?.status === 'erased' || state.error ? false : ASK_EVERY_MS),
  });
  const link = `${base}/erased#receipt=${encodeURIComponent(receipt)}`;
  const removed = Object.entries(data?.erased ?? {}).filter(([, count]) => count > 0);
  const gone = receipt === '' || isError;
  return (
    <Frame title={t('erased.title')}>
      {gone ? (
        <p>{t('erased.none')}</p>
      ) : (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          <p role="status" className="font-medium">
            {data?.status === 'erased' ? t('erased.done') : t('erased.under')}
          </p>
          {data?.completed_at && <p className="text-sm text-muted">{dateTime(data.completed_at)}</p>}
          <div className="grid gap-1 rounded-xl bg-raised p-4 text-sm">
            <div className="flex items-center justify-between gap-2">
              <span className="font-medium">{t('erased.receipt')}</span>
              <CopyButton text={link} label={t('erased.copy')} />
            </div>
            <a className="wrap-anywhere text-accent underline underline-offset-2" href={link}>
              {link}
            </a>
            <p className="pt-1 text-muted">{t('erased.keep')}</p>
          </div>
          {removed.length > 0 && (
            <details>
              <summary className="min-h-9 cursor-pointer py-1.5 text-sm font-medium">
                {t('erased.rows')}
              </summary>
              <ul className="text-sm" dir="ltr">
                {removed.map(([table, count]) => (
                  <li key={table} className="flex justify-between gap-4">
                    <code className="font-mono">{table}</code> {number(count)}
                  </li>
                ))}
              </ul>
            </details>
          )}
        </div>
      )}
      <Link className="py-1 text-sm text-accent underline underline-offset-2" to="/">
        {t('app.home')}
      </Link>
    </Frame>
  );
}
