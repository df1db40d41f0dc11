import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { Loading, Unreachable, useRestored, useSpeaking } from '../shared/enter/Beginning.tsx';
import { rootPath } from '../shared/root.ts';
import { useSessionState, useUser } from '../shared/session.ts';
import { Toasts } from '../shared/toasts.tsx';
import { LeaveDialog } from '../shared/LeaveDialog.tsx';
import { useLanguage } from '../shared/words.ts';
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
              <Suspense fallback={<Loading whole />}>
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
  if (state === 'unknown') return <Loading whole />;
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
              <Suspense fallback={<Loading whole />}>
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
