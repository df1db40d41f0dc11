import { useCallback, useEffect, useState } from 'react';
import { Outlet, useLocation, useNavigate } from 'react-router';
import { useLive } from '../data/parley.tsx';
import { t } from '../../shared/words.ts';
import { onOpened } from '../data/worker.ts';
import { KeyMap, useKeys } from './keys.tsx';
import { useNewTalk } from './newTalk.ts';
import { Sidebar } from './Sidebar.tsx';

export type ShellContext = { showList: () => void };

/** The page of who is signed in: conversations beside the talk, or above it on a phone. */
export function Shell() {
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    if (!open) return;
    const close = ({ key }: KeyboardEvent) => key === 'Escape' && setOpen(false);
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, [open]);
  const navigate = useNavigate();
  useEffect(() => onOpened((path) => void navigate(path)), [navigate]);
  const [mapped, setMapped] = useState(false);
  const newTalk = useNewTalk();
  useKeys({
    search: useCallback(() => {
      setOpen(true);
      // The list is there after the next render.
      setTimeout(() => document.getElementById('search')?.focus());
    }, []),
    begin: newTalk,
    map: useCallback(() => setMapped(true), []),
  });
  const context: ShellContext = { showList: () => setOpen(true) };
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] overflow-hidden grid-rows-[minmax(0,1fr)] md:grid-cols-[18rem_minmax(0,1fr)]">
      <Sidebar open={open} onClose={() => setOpen(false)} onKeys={() => setMapped(true)} />
      {mapped && <KeyMap onClose={() => setMapped(false)} />}
      {open && (
        <div
          className="fixed inset-0 z-10 bg-black/40 md:hidden"
          role="presentation"
          onClick={() => setOpen(false)}
        />
      )}
      <div className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)]">
        <Connection />
        <Outlet context={context} />
      </div>
    </div>
  );
}

/** Says that there is no connection, once that lasts. */
function Connection() {
  const live = useLive();
  const [shown, setShown] = useState('');
  useEffect(() => {
    const text = navigator.onLine ? (live === 'connecting' ? t('app.slow') : '') : t('app.offline');
    const timer = setTimeout(() => setShown(text), text === '' ? 0 : 2_000);
    return () => clearTimeout(timer);
  }, [live]);
  return (
    <p role="status" className={shown === '' ? '' : 'bg-raised px-4 py-1.5 text-center text-sm'}>
      {shown}
    </p>
  );
}
