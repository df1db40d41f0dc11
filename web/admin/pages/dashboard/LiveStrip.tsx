import { useEffect, useState } from 'react';
import { number } from '../../../shared/words.ts';
import { CONNECTED, useEvents, useLiveState, useSay } from '../../data/live.tsx';
import type { Live } from '../../types.ts';
import { t } from './words.ts';

const SHOWN = [
  'runs_in_progress',
  'waiting',
  'answers_per_minute',
  'first_token_ms_p50',
  'agents_online',
  'conversations_waiting',
] as const;

/** What happens now, every two seconds. */
export function LiveStrip() {
  const [live, setLive] = useState<Live>();
  const say = useSay();
  const state = useLiveState();
  useEvents((event, data) => {
    if (event === 'analytics.live') setLive(data as Live);
    if (event === CONNECTED) say('analytics.subscribe', {});
  });
  useEffect(() => {
    say('analytics.subscribe', {});
    // A connection that was made earlier is told now.
  }, [state]);
  const write = (name: (typeof SHOWN)[number]) => {
    const value = live?.[name];
    if (value === undefined || value === null) return '–';
    return number(value) + (name === 'first_token_ms_p50' ? ' ms' : '');
  };
  return (
    <section aria-label={t('now')} className="rounded-2xl bg-sunken px-4 py-3">
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-3 xl:grid-cols-6">
        {SHOWN.map((name) => (
          <div key={name} className="flex flex-col-reverse justify-end">
            <dt className="text-xs text-muted">{t(name)}</dt>
            <dd
              className={`text-lg font-semibold tabular-nums ${name === 'conversations_waiting' && (live?.[name] ?? 0) > 0 ? 'text-danger' : ''}`}
            >
              {write(name)}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
