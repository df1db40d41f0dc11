import type { Signed } from '../../shared/accounts/authenticate.ts';
import { noteOnline, PRESENCE_BEAT_MS } from '../../shared/people/presence.ts';
import { isEditor } from '../middleware/auth.ts';

/**
 * Tells Redis every five seconds which agents have a socket at this replica.
 * @param signed returns who is connected
 * @returns a function that ends it
 */
export function beatPresence(signed: () => Signed[]): () => void {
  const timer = setInterval(() => {
    const agents = signed().filter(({ user }) => isEditor(user));
    void noteOnline([...new Set(agents.map(({ user }) => user.id))]);
  }, PRESENCE_BEAT_MS).unref();
  return () => clearInterval(timer);
}
