import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Refused, requestFile } from '../../sdk/http.ts';
import type { Page } from '../../sdk/types.ts';
import { reasonOf } from '../../shared/enter/useForm.ts';
import { queries } from '../../shared/queries.ts';
import { base } from '../../shared/root.ts';
import { session } from '../../shared/session.ts';
import { toast } from '../../shared/toasts.tsx';

/** Values of a query; empty ones are left out. */
export type Params = Record<string, string | number | boolean | null | undefined>;
type Shown = { data: unknown; error: Error | null; isPending: boolean };

/** Writes a path with its query. */
export function withParams(path: string, params: Params = {}): string {
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== null && value !== '') wanted.set(name, String(value));
  const query = wanted.toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Reads a path of the API (what follows `/api/v1`), and keeps the answer for all views that ask for the same. */
export function useGet<T>(
  path: string,
  params: Params = {},
  options: { enabled?: boolean; every?: number; keep?: boolean; once?: boolean } = {},
) {
  return useQuery({
    queryKey: [path, params],
    queryFn: ({ signal }) => session.call<T>('GET', withParams(path, params), { signal }),
    enabled: options.enabled ?? true,
    ...(options.every !== undefined && { refetchInterval: options.every }),
    // A read that enters the audit log is not repeated by itself.
    ...(options.once && { staleTime: Number.POSITIVE_INFINITY }),
    ...(options.keep && { placeholderData: keepPreviousData }),
  });
}

/**
 * Reads a list page by page. `list` are the rows so far; `More` is what its pages say beside them.
 * @param options `every`: ms until it is read again, or what gives them after so many reads
 */
export function useList<T, More extends object = object>(
  path: string,
  params: Params = {},
  options: { enabled?: boolean; limit?: number; every?: number | ((reads: number) => number) } = {},
) {
  const { every } = options;
  const query = useInfiniteQuery<
    Page<T> & More,
    Error,
    InfiniteData<Page<T> & More>,
    [string, Params],
    string | null
  >({
    queryKey: [path, params],
    initialPageParam: null,
    enabled: options.enabled ?? true,
    ...(every !== undefined && {
      refetchInterval: ({ state }) => (typeof every === 'number' ? every : every(state.dataUpdateCount)),
    }),
    // Another filter of the same list: the old rows stay until the new ones are there.
    placeholderData: (before, query) => (query?.queryKey[0] === path ? before : undefined),
    queryFn: ({ pageParam, signal }) =>
      session.call<Page<T> & More>(
        'GET',
        withParams(path, { ...params, limit: options.limit ?? 50, cursor: pageParam }),
        {
          signal,
        },
      ),
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const pages = query.data?.pages ?? [];
  return { ...query, pages, asked: JSON.stringify(params), list: pages.flatMap(({ data }) => data) };
}
export type List<T> = Shown & {
  list: T[];
  /** The filters that it is of. */
  asked: string;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isPlaceholderData: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
};

/** Sends a change. @throws Refused, Unreachable */
export function send<T = undefined>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  key?: string,
): Promise<T> {
  return session.call<T>(method, path, { ...(body && { body }), ...(key && { key }) });
}

/** Reads once, past all that is kept. @throws Refused, Unreachable */
export function get<T>(path: string, params: Params = {}): Promise<T> {
  return session.call<T>('GET', withParams(path, params));
}

/** Makes views read again every path with one of these beginnings. */
export function reload(...beginnings: string[]): Promise<void> {
  return queries.invalidateQueries({
    predicate: ({ queryKey: [path] }) => beginnings.some((beginning) => String(path).startsWith(beginning)),
  });
}

/** Makes views read exactly these paths again. */
export function reloadExactly(...paths: string[]): Promise<void> {
  return queries.invalidateQueries({ predicate: ({ queryKey: [path] }) => paths.includes(String(path)) });
}

/** Cancels reads of paths with this beginning. */
export function stopReading(beginning: string): Promise<void> {
  return queries.cancelQueries({ predicate: ({ queryKey: [path] }) => String(path).startsWith(beginning) });
}

/** Changes rows of a list where they are shown, before the server has said so. Returns a function that undoes it. */
export function patchList<T>(path: string, change: (row: T) => T | undefined): () => void {
  const before = queries.getQueriesData<InfiniteData<Page<T>>>({ queryKey: [path] });
  queries.setQueriesData<InfiniteData<Page<T>>>({ queryKey: [path] }, (data) => {
    if (data?.pages === undefined) return data;
    const pages = data.pages.map((page) => ({
      ...page,
      data: page.data.flatMap((row) => change(row) ?? []),
    }));
    return { ...data, pages };
  });
  return () => {
    for (const [key, data] of before) queries.setQueryData(key, data);
  };
}

/** Says in words why something failed. @param own words of this act, by code @param labels of fields, by name */
export function reason(
  err: unknown,
  own: Record<string, string> = {},
  labels: Record<string, string> = {},
): string {
  return reasonOf(err instanceof Refused ? err.problem : { code: 'unreachable', status: 0 }, own, labels);
}

/** Shows for a while why something failed. @param labels of fields, by name */
export function tellFailure(err: unknown, labels: Record<string, string> = {}): void {
  toast(reason(err, {}, labels));
}

/** Saves an answer of the API that is a file, such as a table of `format=csv`. @throws Refused, Unreachable */
export async function download(path: string, params: Params, name: string): Promise<void> {
  const blob = await session.signed((token) => requestFile(base, withParams(path, params), { token }));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
