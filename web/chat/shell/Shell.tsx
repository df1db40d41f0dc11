import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { Outlet, useLocation, useNavigate } from 'react-router';
import { useOnline } from '../data/online.ts';
import { useLive } from '../data/parley.tsx';
import { t } from '../../shared/words.ts';
import { onOpened } from '../data/worker.ts';
import { KeyMap, useKeys } from './keys.tsx';
import { useNewTalk } from './newTalk.ts';
import { Sidebar } from './Sidebar.tsx';

/** The breakpoint of `md:` in classes. */
const WIDE = matchMedia('(min-width: 48rem)');

export type ShellContext = { showList: () => void };

/** The page of signed-in users: conversations beside the talk, or above it on a phone. */
export function Shell() {
  const { pathname } = useLocation();
  // The path at which the list was opened: going elsewhere closes it.
  const [openAt, setOpenAt] = useState<string>();
  const open = openAt === pathname;
  // Otherwise coming back would open it again.
  if (openAt !== undefined && !open) setOpenAt(undefined);
  const setOpen = useCallback((on: boolean) => setOpenAt(on ? pathname : undefined), [pathname]);
  const covers = useNarrow() && open;
  useEffect(() => {
    if (!covers) return;
    document.querySelector<HTMLElement>('#list button')?.focus();
    return () => {
      const held = document.activeElement;
      const isLost = held === document.body || held?.closest('#list') != null;
      if (isLost) document.getElementById('show-list')?.focus();
    };
  }, [covers]);
  useEffect(() => {
    if (!open) return;
    const close = ({ key }: KeyboardEvent) => {
      // A dialog above the list is closed alone.
      if (key === 'Escape' && document.querySelector('dialog[open]') === null) setOpen(false);
    };
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, [open, setOpen]);
  const navigate = useNavigate();
  useEffect(() => onOpened((path) => void navigate(path)), [navigate]);
  const [mapped, setMapped] = useState(false);
  const newTalk = useNewTalk();
  useKeys({
    search: useCallback(() => {
      setOpen(true);
      // The list is there after the next render.
      setTimeout(() => document.getElementById('search')?.focus());
    }, [setOpen]),
    begin: newTalk,
    map: useCallback(() => setMapped(true), []),
  });
  const context: ShellContext = { showList: () => setOpen(true) };
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] overflow-hidden grid-rows-[minmax(0,1fr)] md:grid-cols-[18rem_minmax(0,1fr)]">
      <button
        type="button"
        className="sr-only focus:not-sr-only focus:fixed focus:start-2 focus:top-2 focus:z-40 focus:rounded-xl focus:bg-accent focus:px-4 focus:py-2 focus:text-on-accent"
        onClick={() => document.querySelector<HTMLElement>('#message, h1[tabindex]')?.focus()}
      >
        {t('app.skip')}
      </button>
      <Sidebar open={open} onClose={() => setOpen(false)} onKeys={() => setMapped(true)} />
      {mapped && <KeyMap onClose={() => setMapped(false)} />}
      {open && (
        <div
          className="fixed inset-0 z-10 bg-shade md:hidden"
          role="presentation"
          onClick={() => setOpen(false)}
        />
      )}
      <div
        inert={covers}
        className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)]"
      >
        <Connection />
        <Outlet context={context} />
      </div>
    </div>
  );
}

/** Says whether the list covers the talk instead of standing beside it. */
function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      WIDE.addEventListener('change', listener);
      return () => WIDE.removeEventListener('change', listener);
    },
    () => !WIDE.matches,
  );
}

/** Says that there is no network, or no connection once that lasts. */
function Connection() {
  const live = useLive();
  const online = useOnline();
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (live !== 'connecting') return;
    const timer = setTimeout(() => setSlow(true), 2_000);
    return () => clearTimeout(timer);
  }, [live]);
  const shown = online ? (slow ? t('app.slow') : '') : t('app.offline');
  return (
    <p role="status" className={shown === '' ? '' : 'bg-raised px-4 py-1.5 text-center text-sm'}>
      {shown}
    </p>
  );
}
