import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense, useEffect, useState } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import type { User } from '../sdk/types.ts';
import { Button } from '../shared/controls.tsx';
import { Frame } from '../shared/enter/Frame.tsx';
import { queries } from '../shared/queries.ts';
import { rootPath } from '../shared/root.ts';
import { session, useSessionState, useUser } from '../shared/session.ts';
import { Toasts } from '../shared/toasts.tsx';
import { LeaveDialog } from '../shared/unsaved.tsx';
import { isChosen, isKnown, speak, t, useLanguage } from '../shared/words.ts';
import { LiveProvider } from './data/live.tsx';
import { pagesOf } from './pages.ts';
import { Shell } from './shell/Shell.tsx';
import { SignIn } from './shell/SignIn.tsx';
import { Loading } from './shared/states.tsx';
import { NoPage } from './shell/NoPage.tsx';
import { w } from './words.ts';

export function App() {
  const language = useLanguage();
  return (
    <QueryClientProvider client={queries} key={language}>
      <BrowserRouter basename={`${rootPath}/admin`}>
        <Gate />
      </BrowserRouter>
      {/* At the top: at the end of the page people write. */}
      <div className="*:top-2 *:bottom-auto">
        <Toasts />
      </div>
      <LeaveDialog />
    </QueryClientProvider>
  );
}

/** Shows the panel to agents and administrators, and the sign-in to everybody else. */
function Gate() {
  const state = useSessionState();
  const user = useUser();
  const failed = useRestored();
  useSpeaking(user?.language);
  if (failed !== undefined) return <Unreachable again={failed} />;
  if (state === 'unknown') return <Loading whole />;
  if (user === null) return <SignIn />;
  const pages = pagesOf(user.role);
  const [first] = pages;
  if (first === undefined) return <NoRight user={user} />;
  return (
    <LiveProvider key={user.id}>
      <Routes>
        <Route element={<Shell pages={pages} />}>
          <Route index element={<Navigate to={`/${first.name}`} replace />} />
          {pages.map(({ name, Page }) => (
            <Route
              key={name}
              path={`/${name}/*`}
              element={
                <Suspense fallback={<Loading />}>
                  <Page />
                </Suspense>
              }
            />
          ))}
          <Route path="*" element={<NoPage />} />
        </Route>
      </Routes>
    </LiveProvider>
  );
}

/** Takes up an earlier sign-in. Returns a function that tries again, if the server did not answer. */
function useRestored(): (() => void) | undefined {
  const [tries, setTries] = useState(0);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (session.state !== 'unknown') return;
    setFailed(false);
    session.restore().catch(() => setFailed(true));
  }, [tries]);
  return failed ? () => setTries(tries + 1) : undefined;
}

/** Speaks the language of the account, unless somebody chose another one on this device. */
function useSpeaking(language: string | undefined): void {
  const current = useLanguage();
  useEffect(() => {
    const tag = language?.split('-')[0] ?? '';
    if (isKnown(tag) && tag !== current && !isChosen()) void speak(tag);
  }, [language, current]);
}

function NoRight({ user }: { user: User }) {
  return (
    <Frame title={w('noRight')} lead={w('noRightWhy')}>
      <p className="text-sm text-muted">{w('signedInAs', { name: user.email ?? user.username ?? '' })}</p>
      <Button kind="main" onClick={() => void session.logout()}>
        {t('me.out')}
      </Button>
    </Frame>
  );
}

function Unreachable({ again }: { again: () => void }) {
  return (
    <main className="grid h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <h1 className="text-lg font-semibold">{t('app.unreachable')}</h1>
      <Button kind="main" onClick={again}>
        {t('app.retry')}
      </Button>
    </main>
  );
}
