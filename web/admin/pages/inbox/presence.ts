import { useEffect, useSyncExternalStore } from 'react';
import { listeners } from '../../../shared/listeners.ts';
import { session } from '../../../shared/session.ts';
import { useEvents, useSay } from '../../data/live.tsx';

/** Ms for which somebody counts as typing or looking, and between two signs that this agent looks. */
const TYPING_MS = 6_000;
const VIEWING_MS = 25_000;
const SAY_MS = 10_000;

/** Who types and who looks, by conversation, each with the time until which that holds. */
let typing: Record<number, number> = {};
let viewing: Record<number, Record<number, { name: string; until: number }>> = {};
const { subscribe, changed } = listeners();

/** Listens for who types and who looks at what, while the inbox is open. */
export function usePresence(): void {
  useEvents((event, data) => {
    if (event === 'typing') {
      const { conversation_id, by } = data as { conversation_id: number; by: string };
      if (by === 'user') typing = { ...typing, [conversation_id]: Date.now() + TYPING_MS };
    } else if (event === 'message') {
      const { conversation_id } = data as { conversation_id: number };
      typing = { ...typing, [conversation_id]: 0 };
    } else if (event === 'viewing') {
      const { conversation_id, agent } = data as {
        conversation_id: number;
        agent: { id: number; name: string };
      };
      if (agent.id === session.user?.id) return;
      const others = { ...viewing[conversation_id] };
      others[agent.id] = { name: agent.name, until: Date.now() + VIEWING_MS };
      viewing = { ...viewing, [conversation_id]: others };
    } else return;
    changed();
  });
  useEffect(() => {
    const timer = setInterval(changed, 2_000);
    return () => clearInterval(timer);
  }, []);
}

/** Tells other agents, at intervals, which conversation this agent looks at. */
export function useViewing(conversation: number): void {
  const say = useSay();
  useEffect(() => {
    const tell = () => {
      if (document.visibilityState === 'visible') say('viewing', { conversation_id: conversation });
    };
    tell();
    const timer = setInterval(tell, SAY_MS);
    return () => clearInterval(timer);
    // `say` is new at each render.
  }, [conversation]);
}

export function useIsTyping(conversation: number): boolean {
  return useSyncExternalStore(subscribe, () => (typing[conversation] ?? 0) > Date.now());
}

/** Returns who else looks at a conversation, as one text. */
export function useOthers(conversation: number): string {
  return useSyncExternalStore(subscribe, () =>
    Object.values(viewing[conversation] ?? {})
      .filter(({ until }) => until > Date.now())
      .map(({ name }) => name)
      .join(', '),
  );
}
