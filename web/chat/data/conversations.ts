import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { Conversation, Page } from '../../sdk/types.ts';
import { listeners } from '../../shared/listeners.ts';
import { base } from '../../shared/root.ts';
import { session } from '../../shared/session.ts';
import { toast, UNDO_WITHIN_MS } from '../../shared/toasts.tsx';
import { t } from '../../shared/words.ts';
import { queries } from './queries.ts';

type Pages = InfiniteData<Page<Conversation>, string | null>;

/** The user's conversations, newest activity first, page by page. */
export function useConversations(q: string, archived: boolean) {
  const query = useInfiniteQuery({
    queryKey: ['conversations', { q, archived }],
    placeholderData: keepPreviousData,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const wanted = new URLSearchParams({ limit: '30', archived: String(archived) });
      if (q !== '') wanted.set('q', q);
      if (pageParam !== null) wanted.set('cursor', pageParam);
      return session.call<Page<Conversation>>('GET', `/conversations?${wanted}`, { signal });
    },
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const leaving = useSyncExternalStore(subscribe, () => deleting);
  const all = query.data?.pages.flatMap((page) => page.data) ?? [];
  const list = [...new Map(all.map((one) => [one.id, one])).values()].filter(({ id }) => !leaving.has(id));
  return { ...query, list };
}

export function useConversation(id: number | undefined) {
  return useQuery({
    queryKey: ['conversation', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => session.call<Conversation>('GET', `/conversations/${id}`, { signal }),
  });
}

/** Shows a conversation as the server says it is now. */
export function patchConversation(conversation: Conversation): void {
  queries.setQueryData(['conversation', conversation.id], (old: Conversation | undefined) => ({
    ...old,
    ...conversation,
  }));
  queries.setQueriesData<Pages>({ queryKey: ['conversations'] }, (data) => {
    if (data === undefined) return undefined;
    const pages = data.pages.map((page) => ({
      ...page,
      data: page.data.map((one) => (one.id === conversation.id ? { ...one, ...conversation } : one)),
    }));
    return { ...data, pages };
  });
}

/**
 * Asks for a conversation anew, or for all that are shown. Its first answer may still be on the way, from before what changed:
 * that one is not waited for.
 */
export function reloadConversation(id?: number): void {
  const queryKey = id === undefined ? ['conversation'] : ['conversation', id];
  void queries.cancelQueries({ queryKey }).then(() => queries.invalidateQueries({ queryKey }));
}

export function reloadConversations(): void {
  void queries.invalidateQueries({ queryKey: ['conversations'] });
}

export async function changeConversation(
  id: number,
  fields: { title?: string; is_archived?: boolean },
): Promise<void> {
  patchConversation(await session.call<Conversation>('PUT', `/conversations/${id}`, { body: fields }));
  reloadConversations();
}

/** Conversations that are deleted in a moment, unless somebody takes it back. */
let deleting = new Set<number>();
const { subscribe, changed } = listeners();
function setDeleting(ids: Set<number>): void {
  deleting = ids;
  changed();
}

/** The deletions that still wait, by conversation. */
const pending = new Map<number, () => Promise<void>>();
/** Ms for which a sign-out waits for the deletions before it. */
const DELETED_WITHIN_MS = 5_000;

/** Deletes at once what waits for it: the page is left, or the sign-in. */
export async function finishDeletions(): Promise<void> {
  await Promise.all([...pending.values()].map((finish) => finish()));
}
addEventListener('pagehide', () => void finishDeletions());

/**
 * Hides a conversation, and deletes it when the time to undo is over, or `finishDeletions` is called.
 * @param onUndo called when somebody takes it back
 */
export function deleteConversation(id: number, onUndo: () => void): void {
  setDeleting(new Set(deleting).add(id));
  const show = () => setDeleting(new Set([...deleting].filter((one) => one !== id)));
  const stop = () => {
    clearTimeout(timer);
    return pending.delete(id);
  };
  const finish = async () => {
    if (!stop()) return;
    try {
      const token = await session.token();
      // A page that is left may still send this.
      await fetch(`${base}/api/v1/conversations/${id}`, {
        method: 'DELETE',
        keepalive: true,
        signal: AbortSignal.timeout(DELETED_WITHIN_MS),
        headers: { authorization: `Bearer ${token}` },
      });
    } catch {
      // Without the server the conversation is there again.
    }
    show();
    reloadConversations();
  };
  const timer = setTimeout(() => void finish(), UNDO_WITHIN_MS);
  pending.set(id, finish);
  toast(t('talk.deleted'), () => {
    if (!stop()) return;
    show();
    onUndo();
  });
}
