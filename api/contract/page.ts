import { createHash } from 'node:crypto';
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
 * @param query all that the client asks for: a cursor goes with the filters and the order of its page
 * @throws Problem `validation_failed` for a cursor that is not of this list, or of another query
 */
export async function pageOf<Key extends string, Found, Shown>(
  query: { limit: number; cursor?: string },
  { list, by, find, present }: List<Found, Key, Shown>,
): Promise<{ data: Shown[]; next_cursor: string | null }> {
  const { limit, cursor, ...asked } = query;
  const listAsked = `${list} ${digestOf(asked)}`;
  // A cursor of an earlier release names the list alone.
  const names = [listAsked, list];
  const after = cursor === undefined ? null : placeOf(by, decodeCursor(names, cursor, by.length));
  const found = await find(limit + 1, after);
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  const next_cursor = last
    ? encodeCursor(
        listAsked,
        by.map((key) => last[key]),
      )
    : null;
  return { data: shown.map(present), next_cursor };
}

/** Returns a short digest of filters and order, whatever the order in which a query names them. */
function digestOf(asked: object): string {
  const fields = Object.entries(asked).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url').slice(0, 11);
}

function placeOf<Key extends string>(by: Key[], place: number[]): Place<Key> {
  return Object.fromEntries(by.map((key, i) => [key, place[i]])) as Place<Key>;
}
