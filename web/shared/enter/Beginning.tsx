import { useEffect, useState } from 'react';
import { Button } from '../controls.tsx';
import { session } from '../session.ts';
import { isChosen, isKnown, speak, t, useLanguage } from '../words.ts';

/** Takes up an earlier sign-in. Returns a function that tries again, if the server did not answer. */
export function useRestored(): (() => void) | undefined {
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
export function useSpeaking(language: string | undefined): void {
  const current = useLanguage();
  useEffect(() => {
    const tag = language?.split('-')[0] ?? '';
    if (isKnown(tag) && tag !== current && !isChosen()) void speak(tag);
  }, [language, current]);
}

/** @param whole whether nothing else is on the screen */
export function Loading({ whole = false }: { whole?: boolean }) {
  return (
    <p className={`grid place-items-center text-muted ${whole ? 'h-dvh' : 'p-12'}`}>{t('app.loading')}</p>
  );
}

/** Says that the server does not answer. */
export function Unreachable({ again }: { again: () => void }) {
  return (
    <main className="grid h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <h1 className="text-lg font-semibold">{t('app.unreachable')}</h1>
      <Button kind="main" onClick={again}>
        {t('app.retry')}
      </Button>
    </main>
  );
}
