import { useEffect, useRef, useState } from 'react';
import { useNavigate, useParams, Route, Routes, useLocation } from 'react-router';
import { Button } from '../../../shared/controls.tsx';
import { reload, reloadExactly, useList } from '../../data/api.ts';
import { useFilters } from '../../data/filters.ts';
import { CONNECTED, useEvents } from '../../data/live.tsx';
import { EmptyState } from '../../shared/states.tsx';
import { Page } from '../../shared/Page.tsx';
import type { InboxItem } from '../../types.ts';
import { w } from '../../words.ts';
import { AlarmSwitch } from './AlarmSwitch.tsx';
import { Items } from './Items.tsx';
import { KeysDialog, useKeys } from './keys.tsx';
import { usePresence } from './presence.ts';
import { Thread } from './Thread.tsx';
import { t } from './words.ts';

export const LISTS = ['waiting', 'mine', 'all', 'resolved', 'bot'] as const;
type Name = (typeof LISTS)[number];
const QUERIES: Record<Name, Record<string, string>> = {
  waiting: { status: 'waiting' },
  mine: { assignee: 'me' },
  all: {},
  resolved: { status: 'resolved' },
  bot: { status: 'bot' },
};

/** The inbox: a list, a conversation, and the person who asks. */
export default function Inbox() {
  return (
    <Routes>
      <Route index element={<Panes />} />
      <Route path=":id" element={<Panes />} />
    </Routes>
  );
}

function Panes() {
  const { id } = useParams();
  const chosen = id === undefined ? undefined : Number(id);
  const { values, set } = useFilters({ list: 'waiting' });
  const name = LISTS.find((one) => one === values.list) ?? 'waiting';
  const list = useList<InboxItem>('/inbox', QUERIES[name], { limit: 30 });
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const { search } = useLocation();
  usePresence();
  useReloading();
  const step = (by: number) => {
    const ids = list.list.map(({ conversation }) => conversation.id);
    const at = chosen === undefined ? -1 : ids.indexOf(chosen);
    const next = ids[Math.min(Math.max(at + by, 0), ids.length - 1)];
    if (next === undefined) return;
    void navigate(`/inbox/${next}${search}`);
    // A screen reader says whose it is, and Tab goes on from there.
    document.querySelector<HTMLElement>(`[data-item="${next}"]`)?.focus();
  };
  useKeys({ j: () => step(1), k: () => step(-1), '?': () => setHelp(true) });
  return (
    <Page
      fill
      title={w('inbox')}
      actions={
        // On a phone an open conversation needs the room.
        <div className={`flex flex-wrap items-center gap-2 ${chosen === undefined ? '' : 'max-md:hidden'}`}>
          <AlarmSwitch />
          <Button small kind="quiet" onClick={() => setHelp(true)}>
            {t('keys')}
          </Button>
        </div>
      }
    >
      <div className="grid min-h-0 grid-cols-[minmax(0,1fr)] grid-rows-[minmax(0,1fr)] md:grid-cols-[17rem_minmax(0,1fr)] lg:grid-cols-[20rem_minmax(0,1fr)]">
        <div
          className={`grid min-h-0 grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)] border-e border-line ${chosen === undefined ? '' : 'max-md:hidden'}`}
        >
          <nav aria-label={t('lists')} className="flex flex-wrap gap-0.5 border-b border-line p-2">
            {LISTS.map((one) => (
              <button
                key={one}
                type="button"
                aria-current={one === name}
                onClick={() => set({ list: one })}
                className="min-h-9 rounded-lg px-1.5 text-sm text-muted hover:bg-raised md:max-lg:px-1 aria-current:bg-raised aria-current:font-medium aria-current:text-ink"
              >
                {t(one)}{' '}
                {one === name && !list.isPlaceholderData && list.list.length > 0 && (
                  <span className="tabular-nums">
                    {list.list.length}
                    {list.hasNextPage && '+'}
                  </span>
                )}
              </button>
            ))}
          </nav>
          <Items name={name} list={list} chosen={chosen} />
        </div>
        {chosen === undefined ? (
          <div className="grid place-content-center p-6 max-md:hidden">
            <EmptyState title={t('choose')} text={t('chooseWhy')} />
          </div>
        ) : (
          <Thread key={chosen} id={chosen} />
        )}
      </div>
      {help && <KeysDialog onClose={() => setHelp(false)} />}
    </Page>
  );
}

/** Reads lists, and the conversations that something happened to, again; at most three times a second. */
function useReloading(): void {
  const due = useRef<{ paths: Set<string>; timer?: ReturnType<typeof setTimeout> }>({ paths: new Set() });
  useEffect(() => () => clearTimeout(due.current.timer), []);
  useEvents((event, data) => {
    const { paths, timer } = due.current;
    if (event === CONNECTED) return void reload('/inbox');
    if (event !== 'inbox.updated' && event !== 'message') return;
    const { conversation_id } = data as { conversation_id: number };
    paths.add('/inbox').add(`/inbox/${conversation_id}`);
    if (timer !== undefined) return;
    due.current.timer = setTimeout(() => {
      void reloadExactly(...paths);
      due.current = { paths: new Set() };
    }, 300);
  });
}
