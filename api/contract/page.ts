import { decodeCursor, encodeCursor } from './cursor.ts';

type Place<Key extends string> = Record<Key, number>;
type List<Found, Key extends string, Shown> = {
  /** The list's name. Another list refuses the cursor. */
  list: string;
  /** The fields that place a row in the list. */
  by: Key[];
  /** Finds rows after a place; null: from the start. */
  find: (limit: number, after: Place<Key> | null) => Promise<(Found & Place<Key>)[]>;
  present: (row: Found) => Shown;
};

/**
 * Returns one page of a list. Asks for one row more than it shows, to learn whether there is another page.
 * @throws Problem `validation_failed` for a cursor that is not of this list
 */
export async function pageOf<Key extends string, Found, Shown>(
  { limit, cursor }: { limit: number; cursor?: string },
  { list, by, find, present }: List<Found, Key, Shown>,
): Promise<{ data: Shown[]; next_cursor: string | null }> {
  const after = cursor === undefined ? null : placeOf(by, decodeCursor(list, cursor, by.length));
  const found = await find(limit + 1, after);
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  const next_cursor = last
    ? encodeCursor(
        list,
        by.map((key) => last[key]),
      )
    : null;
  return { data: shown.map(present), next_cursor };
}

function placeOf<Key extends string>(by: Key[], place: number[]): Place<Key> {
  return Object.fromEntries(by.map((key, i) => [key, place[i]])) as Place<Key>;
}
