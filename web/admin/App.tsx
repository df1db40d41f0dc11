import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import type { User } from '../sdk/types.ts';
import { Button } from '../shared/controls.tsx';
import { Loading, Unreachable, useRestored, useSpeaking } from '../shared/enter/Beginning.tsx';
import { Frame } from '../shared/enter/Frame.tsx';
import { queries } from '../shared/queries.ts';
import { rootPath } from '../shared/root.ts';
import { session, useSessionState, useUser } from '../shared/session.ts';
import { LeaveDialog } from '../shared/LeaveDialog.tsx';
import { t, useLanguage } from '../shared/words.ts';
import { LiveProvider } from './data/live.tsx';
import { pagesOf } from './pages.ts';
import { Shell } from './shell/Shell.tsx';
import { SignIn } from './shell/SignIn.tsx';
import { NoPage } from './shell/NoPage.tsx';
import { w } from './words.ts';

export function App() {
  const language = useLanguage();
  return (
    <QueryClientProvider client={queries} key={language}>
      <BrowserRouter basename={`${rootPath}/admin`}>
        <Gate />
      </BrowserRouter>
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
