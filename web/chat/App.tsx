import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { Button } from '../shared/controls.tsx';
import { rootPath } from '../shared/root.ts';
import { session, useSessionState, useUser } from '../shared/session.ts';
import { Toasts } from '../shared/toasts.tsx';
import { LeaveDialog } from '../shared/unsaved.tsx';
import { isChosen, isKnown, speak, t, useLanguage } from '../shared/words.ts';
import { ParleyProvider } from './data/parley.tsx';
import { queries } from './data/queries.ts';
import { Forgot } from './enter/Forgot.tsx';
import { Register } from './enter/Register.tsx';
import { Reset } from './enter/Reset.tsx';
import { SignIn } from './enter/SignIn.tsx';
import { VerifyEmail } from './enter/VerifyEmail.tsx';
import { Shell } from './shell/Shell.tsx';
import { Talk } from './thread/Talk.tsx';

const Account = lazy(async () => ({ default: (await import('./account/Account.tsx')).Account }));
const Erased = lazy(async () => ({ default: (await import('./account/Erased.tsx')).Erased }));

export function App() {
  const language = useLanguage();
  return (
    <QueryClientProvider client={queries} key={language}>
      <BrowserRouter basename={rootPath || '/'}>
        <Routes>
          <Route path="/reset-password" element={<Reset />} />
          <Route path="/verify-email" element={<VerifyEmail />} />
          <Route
            path="/erased"
            element={
              <Suspense fallback={<Loading />}>
                <Erased />
              </Suspense>
            }
          />
          <Route path="/*" element={<Gate />} />
        </Routes>
      </BrowserRouter>
      <Toasts />
      <LeaveDialog />
    </QueryClientProvider>
  );
}

/** Shows the chat to signed-in users, and the ways in to everybody else. */
function Gate() {
  const state = useSessionState();
  const user = useUser();
  const failed = useRestored();
  useSpeaking(user?.language);
  if (failed !== undefined) return <Unreachable again={failed} />;
  if (state === 'unknown') return <Loading />;
  if (user === null)
    return (
      <Routes>
        <Route path="/register" element={<Register />} />
        <Route path="/forgot-password" element={<Forgot />} />
        <Route path="/*" element={<SignIn />} />
      </Routes>
    );
  return (
    <ParleyProvider key={user.id}>
      <Routes>
        <Route
          path="/register"
          element={user.role === 'guest' ? <Register /> : <Navigate to="/" replace />}
        />
        <Route path="/forgot-password" element={<Navigate to="/" replace />} />
        <Route path="/*" element={<Shell />}>
          <Route
            path="account"
            element={
              <Suspense fallback={<Loading />}>
                <Account />
              </Suspense>
            }
          />
          <Route path="*" element={<Talk />} />
        </Route>
      </Routes>
    </ParleyProvider>
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

function Loading() {
  return <p className="grid h-dvh place-items-center text-muted">{t('app.loading')}</p>;
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
