import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { Message, Page } from '../../sdk/types.ts';
import { isOpen } from '../../shared/heard.ts';
import { session } from '../../shared/session.ts';
import { useParley } from './parley.tsx';
import { queries } from './queries.ts';

type Pages = InfiniteData<Page<Message>, string | null>;
const PAGE = 40;
const key = (conversation: number | undefined) => ['messages', conversation];
const newestPath = (conversation: number | undefined) =>
  `/conversations/${conversation}/messages?order=desc&limit=${PAGE}`;

/** Messages of a conversation, page by page from the newest; follows answers that are not over. */
export function useMessages(conversation: number | undefined) {
  const query = useInfiniteQuery({
    queryKey: key(conversation),
    enabled: conversation !== undefined,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      session.call<Page<Message>>(
        'GET',
        newestPath(conversation) + (pageParam === null ? '' : `&cursor=${encodeURIComponent(pageParam)}`),
        { signal },
      ),
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const messages = useMemo(() => inOrder(query.data?.pages), [query.data]);
  const parley = useParley();
  useEffect(() => {
    for (const { status, run_id } of messages) if (run_id !== null && isOpen(status)) parley.watch(run_id);
  }, [messages, parley]);
  return { ...query, messages };
}

export { isOpen };

/** The oldest first, each once: a new message moves all others to later places of their pages. */
function inOrder(pages: Page<Message>[] | undefined): Message[] {
  const all = pages?.flatMap((page) => page.data) ?? [];
  const byId = new Map(all.toReversed().map((message) => [message.id, message]));
  return [...byId.values()].toSorted((a, b) => a.id - b.id);
}

/** Adds new messages to those that are loaded; begins with them where none are and the conversation is new. */
export function addMessages(conversation: number, added: Message[], isNew: boolean): void {
  queries.setQueryData<Pages>(key(conversation), (data) => {
    if (data === undefined)
      return isNew ? { pages: [{ data: added, next_cursor: null }], pageParams: [null] } : undefined;
    const known = new Set(data.pages.flatMap((page) => page.data.map(({ id }) => id)));
    const fresh = added.filter(({ id }) => !known.has(id));
    const [first, ...rest] = data.pages;
    if (first === undefined || fresh.length === 0) return data;
    return { ...data, pages: [{ ...first, data: [...fresh, ...first.data] }, ...rest] };
  });
}

export function patchMessage(conversation: number, id: number, fields: Partial<Message>): void {
  queries.setQueryData<Pages>(key(conversation), (data) => {
    if (data === undefined) return undefined;
    const pages = data.pages.map((page) => ({
      ...page,
      data: page.data.map((message) => (message.id === id ? { ...message, ...fields } : message)),
    }));
    return { ...data, pages };
  });
}

/** Says whether a message is loaded; undefined where no message of its conversation is. */
export function isLoaded(conversation: number, id: number): boolean | undefined {
  const data = queries.getQueryData<Pages>(key(conversation));
  return data?.pages.some((page) => page.data.some((message) => message.id === id));
}

/** Fetches the newest messages of what is shown, or of one conversation, and merges them into what is loaded. */
export function reloadMessages(conversation?: number): void {
  const shown = queries.getQueryCache().findAll({ queryKey: ['messages'], type: 'active' });
  const ids = shown.map(({ queryKey }) => queryKey[1] as number | undefined);
  for (const id of new Set(conversation === undefined ? ids : [conversation]))
    if (id !== undefined) void refresh(id).catch(() => {});
  // Messages out of view are fetched when they come into view.
  void queries.invalidateQueries({ queryKey: ['messages'], refetchType: 'none', type: 'inactive' });
}

async function refresh(conversation: number): Promise<void> {
  const data = queries.getQueryData<Pages>(key(conversation));
  if (data === undefined) return;
  const newest = await session.call<Page<Message>>('GET', newestPath(conversation));
  const known = new Set(data.pages.flatMap((page) => page.data.map(({ id }) => id)));
  const meets = newest.next_cursor === null || newest.data.some(({ id }) => known.has(id));
  // So much happened that there may be a gap.
  if (!meets) return queries.resetQueries({ queryKey: key(conversation) });
  addMessages(conversation, newest.data, false);
  for (const message of newest.data)
    if (known.has(message.id)) patchMessage(conversation, message.id, message);
}
