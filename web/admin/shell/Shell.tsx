import { useEffect, useRef, useState } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { Icon } from '../../shared/Icon.tsx';
import { useUser } from '../../shared/session.ts';
import { ToastRow } from '../../shared/toasts.tsx';
import { useLiveState } from '../data/live.tsx';
import type { pagesOf } from '../pages.ts';
import { useCurrentShown } from '../shared/useCurrentShown.ts';
import { t } from '../../shared/words.ts';
import { w } from '../words.ts';
import { useAlarm, useUnseenWait, waitsAreSeen } from './alarm.ts';
import { Broken } from './Broken.tsx';
import { Settings } from './Settings.tsx';

/** The navigation beside the page: icons with words, above each other on a tablet, in a row on a phone. */
export function Shell({ pages }: { pages: ReturnType<typeof pagesOf> }) {
  const { pathname } = useLocation();
  const main = useRef<HTMLDivElement>(null);
  const inboxIsOpen = pathname.startsWith('/inbox');
  const waits = useUnseenWait();
  useAlarm(inboxIsOpen);
  const nav = useCurrentShown();
  useEffect(() => {
    if (inboxIsOpen) waitsAreSeen();
  }, [inboxIsOpen]);
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)] overflow-hidden sm:grid-cols-[5.5rem_minmax(0,1fr)] sm:grid-rows-[minmax(0,1fr)] lg:grid-cols-[12.5rem_minmax(0,1fr)]">
      <div className="flex min-h-0 border-line bg-sunken max-sm:border-b sm:flex-col sm:border-e">
        <button
          type="button"
          className="sr-only focus:not-sr-only focus:fixed focus:z-40 focus:m-2 focus:rounded-lg focus:bg-paper focus:p-3"
          onClick={() => main.current?.focus()}
        >
          {w('skip')}
        </button>
        <p className="hidden items-center gap-2 min-h-14 px-5 font-semibold text-accent lg:flex">
          <Icon name="chat" /> Parley
        </p>
        <nav
          ref={nav}
          aria-label={w('admin')}
          className="min-h-0 min-w-0 flex-1 overflow-auto p-2 max-sm:[mask-image:linear-gradient(to_right,transparent,#000_0.5rem,#000_calc(100%-1.5rem),transparent)]"
        >
          <ul className="flex w-fit gap-1 max-sm:pe-4 sm:w-auto sm:flex-col">
            {pages.map(({ name, icon }) => (
              <li key={name}>
                <NavLink
                  to={`/${name}`}
                  aria-label={name === 'inbox' && waits ? `${w(name)}: ${w('newWaits')}` : undefined}
                  className="flex min-h-11 flex-col items-center justify-center gap-0.5 rounded-lg px-2 py-1.5 text-xs text-muted hover:bg-raised hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:font-medium aria-[current=page]:text-ink lg:min-h-9 lg:flex-row lg:justify-start lg:gap-3 lg:px-3 lg:text-sm"
                >
                  <span className="relative">
                    <Icon name={icon} />
                    {name === 'inbox' && waits && <Dot />}
                  </span>
                  {w(name)}
                </NavLink>
              </li>
            ))}
          </ul>
        </nav>
        <p role="status" className="sr-only">
          {waits && w('newWaits')}
        </p>
        <Me />
      </div>
      <div
        ref={main}
        data-main=""
        tabIndex={-1}
        className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)_auto] outline-none"
      >
        <Connection />
        <Broken key={pathname.split('/')[1]}>
          <Outlet />
        </Broken>
        <ToastRow />
      </div>
    </div>
  );
}

/** Says that somebody began to wait while another page was open. */
function Dot() {
  return (
    <span
      role="img"
      aria-label={w('newWaits')}
      className="absolute -end-1 -top-1 size-2.5 rounded-full bg-danger"
    />
  );
}

/** Who is signed in, and their language and colours. */
function Me() {
  const [open, setOpen] = useState(false);
  const user = useUser();
  const name = user?.first_name ?? user?.username ?? user?.email ?? '';
  return (
    <div className="border-line p-2 sm:border-t">
      <button
        type="button"
        aria-label={`${w('me')}: ${name}`}
        title={w('me')}
        onClick={() => setOpen(true)}
        className="flex min-h-11 w-full items-center justify-center gap-3 rounded-xl px-3 hover:bg-raised lg:justify-start"
      >
        <Icon name="person" />
        <span className="hidden min-w-0 truncate text-sm lg:block">{name}</span>
      </button>
      {open && <Settings onClose={() => setOpen(false)} />}
    </div>
  );
}

function Connection() {
  const live = useLiveState();
  const text =
    live === 'live' || live === 'first'
      ? ''
      : t(navigator.onLine && live !== 'offline' ? 'app.slow' : 'app.unreachable');
  return (
    <p role="status" className={text === '' ? '' : 'bg-raised px-4 py-1.5 text-center text-sm'}>
      {text}
    </p>
  );
}
