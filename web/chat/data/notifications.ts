import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Notification, Page } from '../../sdk/types.ts';
import { session } from '../../shared/session.ts';
import { queries } from './queries.ts';

type Told = Page<Notification> & { unread: number };
const LIST = ['notifications'];
const COUNT = ['unread'];

/** How many notifications the user has not read. */
export function useUnread(): number {
  const { data } = useQuery({
    queryKey: COUNT,
    queryFn: async ({ signal }) =>
      (await session.call<Told>('GET', '/notifications?limit=1', { signal })).unread,
  });
  return data ?? 0;
}

export function useNotifications() {
  const query = useInfiniteQuery({
    queryKey: LIST,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const from = pageParam === null ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      return session.call<Told>('GET', `/notifications?limit=20${from}`, { signal });
    },
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  return { ...query, list: query.data?.pages.flatMap(({ data }) => data) ?? [] };
}

/** Takes what an event of a new notification says. */
export function heardNotification({ unread }: { unread: number }): void {
  queries.setQueryData(COUNT, unread);
  void queries.invalidateQueries({ queryKey: LIST });
}

export function reloadNotifications(): void {
  void queries.invalidateQueries({ queryKey: COUNT });
  void queries.invalidateQueries({ queryKey: LIST });
}

/** Marks notifications as read. @throws Refused, Unreachable */
export async function readNotifications(ids: number[]): Promise<void> {
  await Promise.all(ids.map((id) => session.call('POST', `/notifications/${id}/read`)));
  reloadNotifications();
}

/** Marks what was told of a conversation as read: somebody looks at it. */
export function readAbout(conversation: number): void {
  if (queries.getQueryData<number>(COUNT) === 0) return;
  void session
    .call<Told>('GET', '/notifications?unread=true&limit=100')
    .then(({ data }) => data.filter(({ conversation_id }) => conversation_id === conversation))
    .then((about) => (about.length > 0 ? readNotifications(about.map(({ id }) => id)) : undefined))
    .catch(() => {});
}
