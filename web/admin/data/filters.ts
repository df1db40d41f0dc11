import { useSearchParams } from 'react-router';

/**
 * Keeps filters in the address, so that they last over a reload, a way back and a link.
 * @param defaults each filter with the value that the address leaves out
 */
export function useFilters<Names extends string>(defaults: Record<Names, string>) {
  const [search, setSearch] = useSearchParams();
  const values = Object.fromEntries(
    Object.entries<string>(defaults).map(([name, value]) => [name, search.get(name) ?? value]),
  ) as Record<Names, string>;
  const set = (changes: Partial<Record<Names, string>>) =>
    setSearch(
      () => {
        // What the address says now: a search field that paused may hold an older `set`.
        const next = new URLSearchParams(location.search);
        for (const [name, value] of Object.entries<string | undefined>(changes))
          if (value === undefined || value === defaults[name as Names]) next.delete(name);
          else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  const isFiltered = Object.entries<string>(defaults).some(
    ([name, value]) => values[name as Names] !== value,
  );
  return { values, set, isFiltered, clear: () => set(defaults) };
}
