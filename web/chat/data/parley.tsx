import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { tabLock } from '../../sdk/browser.ts';
import type { LiveState } from '../../sdk/live.ts';
import type { Unsent } from '../../sdk/outbox.ts';
import { Parley } from '../../sdk/parley.ts';
import { forgetUser, noteVisit, renewVisit } from '../../shared/forget.ts';
import { base } from '../../shared/root.ts';
import { session, store } from '../../shared/session.ts';
import { forgetToasts } from '../../shared/toasts.tsx';
import { RunFeed } from './feed.ts';
import { reloadMessages } from './messages.ts';
import { keepPatched } from './patches.ts';
import { renewPush } from './push.ts';
import { queries } from './queries.ts';

type Client = { parley: Parley; feed: RunFeed };
const Context = createContext<Client | undefined>(undefined);

/** Opens the client of the user who is signed in, and closes it at the end of the sign-in. */
export function ParleyProvider({ children }: { children: ReactNode }) {
  const [client, setClient] = useState<Client>();
  useEffect(() => {
    const { id: who, role } = session.user ?? {};
    // An answer to who was here before may have come after their end.
    queries.clear();
    if (who) noteVisit(who);
    const parley = new Parley({ base, session, store, lock: tabLock });
    const feed = new RunFeed(parley);
    const stopPatching = keepPatched(parley);
    const wake = () => {
      if (document.visibilityState !== 'visible') return;
      if (who) renewVisit(who);
      parley.wake();
    };
    const reread = ({ key }: StorageEvent) => {
      if (!key?.startsWith('parley.unsent.')) return;
      parley.outbox.reread();
      reloadMessages();
    };
    addEventListener('online', wake);
    addEventListener('storage', reread);
    document.addEventListener('visibilitychange', wake);
    setClient({ parley, feed });
    void renewPush();
    return () => {
      removeEventListener('online', wake);
      removeEventListener('storage', reread);
      document.removeEventListener('visibilitychange', wake);
      stopPatching();
      parley.close();
      queries.clear();
      if (who) renewVisit(who);
      if (session.user?.id === who) return;
      forgetToasts();
      // No way leads back to a guest.
      if (who && role === 'guest') forgetUser(who);
    };
  }, []);
  return client && <Context value={client}>{children}</Context>;
}

function useClient(): Client {
  const client = useContext(Context);
  if (client === undefined) throw new Error('outside of ParleyProvider');
  return client;
}

export function useParley(): Parley {
  return useClient().parley;
}

/** Returns the text of a run so far; at most one change a frame. Undefined: nothing of the run was seen here. */
export function useRunText(runId: number | null): string | undefined {
  const { feed } = useClient();
  return useSyncExternalStore(
    (listener) => feed.subscribe(runId ?? 0, listener),
    () => (runId === null ? undefined : feed.text(runId)),
  );
}

/** Returns the messages of a conversation that the server has not confirmed. */
export function useUnsent(): Unsent[] {
  const { outbox } = useParley();
  return useSyncExternalStore(outbox.subscribe, outbox.list);
}

export function useLive(): LiveState {
  const parley = useParley();
  return useSyncExternalStore(
    (listener) => parley.on('live', listener),
    () => parley.live,
  );
}
