import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { Live, type LiveState } from '../../sdk/live.ts';
import { noteVisit, renewVisit } from '../../shared/forget.ts';
import { queries } from '../../shared/queries.ts';
import { base } from '../../shared/root.ts';
import { session } from '../../shared/session.ts';
import { forgetToasts } from '../../shared/toasts.tsx';

type Listener = (event: string, data: unknown) => void;
type Client = { live: Live; listeners: Set<Listener> };
/** `first`: nothing is known of the connection yet. */
const State = createContext<LiveState | 'first'>('first');
const Context = createContext<Client | undefined>(undefined);

/** The event that listeners get after each connection: pushes from before may be lost. */
export const CONNECTED = 'connected';

/** Opens the signed-in user’s socket, and closes it at the end of the sign-in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [client, setClient] = useState<Client>();
  const [state, setState] = useState<LiveState | 'first'>('first');
  useEffect(() => {
    const who = session.user?.id;
    // An answer to who was here before may have come after their end.
    queries.clear();
    if (who) noteVisit(who);
    const listeners = new Set<Listener>();
    const tell: Listener = (event, data) => {
      for (const listener of listeners) listener(event, data);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const live = new Live({
      base,
      session,
      run: () => {},
      heard: tell,
      connected: () => tell(CONNECTED, undefined),
      changed: (next) => {
        clearTimeout(timer);
        // A connection that comes back at once needs no message.
        timer = setTimeout(() => setState(next), next === 'live' ? 0 : 3_000);
      },
    });
    const wake = () => {
      if (document.visibilityState !== 'visible') return;
      if (who) renewVisit(who);
      live.hurry();
    };
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
    setClient({ live, listeners });
    return () => {
      clearTimeout(timer);
      removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
      live.close();
      queries.clear();
      if (who) renewVisit(who);
      if (session.user?.id !== who) forgetToasts();
    };
  }, []);
  return (
    client && (
      <State value={state}>
        <Context value={client}>{children}</Context>
      </State>
    )
  );
}

export function useLiveState(): LiveState | 'first' {
  return useContext(State);
}

/** Calls `listener` for events of the server while the view is there, and for each connection (`CONNECTED`). */
export function useEvents(listener: Listener): void {
  const client = useContext(Context);
  const newest = useRef(listener);
  newest.current = listener;
  useEffect(() => {
    const heard: Listener = (event, data) => newest.current(event, data);
    client?.listeners.add(heard);
    return () => void client?.listeners.delete(heard);
  }, [client]);
}

/** Returns a function that emits an event to the server. Without a connection it does nothing. */
export function useSay(): (event: string, payload: object) => void {
  const client = useContext(Context);
  return (event, payload) => client?.live.say(event, payload);
}
