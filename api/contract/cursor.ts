import { invalid } from '../../shared/base/errors.ts';

/**
 * Encodes a place in a list as an opaque text.
 * @param list the list's name; another list refuses the cursor
 * @param place numbers that say where the page ended
 */
export function encodeCursor(list: string, place: number[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url');
}

/**
 * Returns the place that a cursor names.
 * @param lists the names that the list goes by
 * @throws Problem `validation_failed` for a cursor that `encodeCursor` did not make
 */
export function decodeCursor(lists: string[], cursor: string, length: number): number[] {
  const [name, ...place] = parse(cursor);
  const list = lists.find((one) => one === name);
  const sound =
    list !== undefined &&
    place.length === length &&
    place.every((part): part is number => Number.isSafeInteger(part)) &&
    encodeCursor(list, place) === cursor;
  if (!sound)
    throw invalid(
      'cursor',
      'must be the next_cursor of a page of this list, with the same filters and order',
    );
  return place;
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
