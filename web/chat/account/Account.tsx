import { useEffect, useRef } from 'react';
import { Link, useOutletContext } from 'react-router';
import { Button } from '../../shared/controls.tsx';
import { useUser } from '../../shared/session.ts';
import { t } from '../../shared/words.ts';
import { ListButton } from '../shell/ListButton.tsx';
import type { ShellContext } from '../shell/Shell.tsx';
import { Consents } from './Consents.tsx';
import { Devices } from './Devices.tsx';
import { Email } from './Email.tsx';
import { Look } from './Look.tsx';
import { MyData } from './MyData.tsx';
import { Notifications } from './Notifications.tsx';
import { Password } from './Password.tsx';
import { Profile } from './Profile.tsx';
import { SecondFactor } from './SecondFactor.tsx';
import { signOut } from './signOut.ts';

export function Account() {
  const { showList } = useOutletContext<ShellContext>();
  const user = useUser();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${t('me.title')} · Parley`;
    // The focus has screen readers announce the new page.
    heading.current?.focus();
  }, []);
  if (user === null) return null;
  const isGuest = user.role === 'guest';
  // A site vouches for accounts without a username; they have no password.
  const hasPassword = !isGuest && user.username !== null;
  return (
    <main className="relative min-h-0 scroll-py-2 overflow-y-auto">
      <header className="flex min-h-14 items-center gap-1 border-b border-line px-2 md:px-4">
        <ListButton onClick={showList} />
        <h1 ref={heading} tabIndex={-1} className="px-1 font-semibold outline-none">
          {t('me.title')}
        </h1>
      </header>
      <div className="mx-auto grid max-w-2xl gap-10 px-4 py-8">
        {isGuest && (
          <div className="grid gap-3 rounded-2xl bg-raised p-5">
            <p>{t('me.guest')}</p>
            <Link
              to="/register"
              className="inline-flex min-h-11 w-fit items-center rounded-xl bg-accent px-4 font-medium text-on-accent"
            >
              {t('enter.register')}
            </Link>
          </div>
        )}
        {!isGuest && <Profile user={user} />}
        {user.email !== null && <Email user={user} />}
        <Look />
        <Notifications user={user} />
        {hasPassword && <Password />}
        {hasPassword && <SecondFactor user={user} />}
        <Devices />
        <Consents user={user} />
        <MyData user={user} />
        <div className="grid gap-2 border-t border-line pt-6">
          {isGuest && <p className="text-sm text-muted">{t('me.guestOut')}</p>}
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => signOut()}>{t('me.out')}</Button>
            {!isGuest && (
              <Button kind="danger" onClick={() => signOut(true)}>
                {t('me.outEverywhere')}
              </Button>
            )}
          </div>
        </div>
      </div>
    </main>
  );
}
