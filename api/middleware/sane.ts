import type { SchemaObject } from 'ajv';
import { type FieldError, problem } from '../../shared/base/errors.ts';

const MAX_DEPTH = 32;

/**
 * Refuses what no schema covers and Postgres cannot store: NUL and lone surrogates in strings and keys, numbers beyond
 * a double, nesting deeper than 32.
 * @throws Problem `validation_failed`
 */
export function checkSane(value: unknown): void {
  const fault = findFault(value, 0);
  if (fault !== undefined) throw problem('validation_failed', undefined, { errors: [fault] });
}

export function pointer(path: string, key: string | number): string {
  return `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Builds the path on the way back from a fault. A path for every value would cost more than parsing. */
function findFault(value: unknown, depth: number): FieldError | undefined {
  if (typeof value === 'string')
    return isStorable(value) ? undefined : { path: '', message: `must be without ${HALVES}` };
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : { path: '', message: 'must be a smaller number' };
  if (typeof value !== 'object' || value === null) return undefined;
  // Sockets can carry binary values.
  if (ArrayBuffer.isView(value)) return { path: '', message: 'must be JSON, not binary' };
  if (depth === MAX_DEPTH) return TOO_DEEP;
  // `entries` would make a text and a pair for each item of a list.
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    if (typeof key === 'string' && !isStorable(key))
      return { path: '', message: `must be without keys that hold ${HALVES}` };
    const fault = findFault((value as Record<string | number, unknown>)[key], depth + 1);
    if (fault === TOO_DEEP) return fault;
    if (fault !== undefined) return { ...fault, path: pointer('', key) + fault.path };
  }
  return undefined;
}

/** Names the whole body: nobody needs a pointer of 32 steps. */
const TOO_DEEP: FieldError = { path: '', message: `must be nested at most ${MAX_DEPTH} deep` };
const HALVES = 'NUL and halves of surrogate pairs';

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** How many unknown fields an answer names. A body can have tens of thousands. */
const NAMED = 20;

/**
 * Refuses a value with too many items or unknown fields before ajv checks each of them. To name every fault, ajv would
 * check all items of a list that is too long.
 * @throws Problem `validation_failed`
 */
export function checkFew(schema: SchemaObject, value: unknown): void {
  const errors = findMany(schema, value, '');
  if (errors.length > 0) throw problem('validation_failed', undefined, { errors });
}

function findMany(schema: SchemaObject, value: unknown, path: string): FieldError[] {
  if (Array.isArray(value)) return tooLong(schema, value, path);
  if (typeof value !== 'object' || value === null) return [];
  const known = (schema.properties ?? {}) as Record<string, SchemaObject>;
  const unknown = schema.additionalProperties === false ? unknownOf(value, known) : [];
  if (unknown.length > NAMED)
    return unknown
      .slice(0, NAMED)
      .map((name) => ({ path: pointer(path, name), message: 'must be left out: this field is not known' }));
  return Object.entries(known).flatMap(([name, field]) =>
    Object.hasOwn(value, name) ? findMany(field, Reflect.get(value, name), pointer(path, name)) : [],
  );
}

/** Returns names that the schema lacks, at most one more than an answer names. */
function unknownOf(value: object, known: object): string[] {
  const names: string[] = [];
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(known, name)) continue;
    names.push(name.slice(0, 100).toWellFormed());
    if (names.length > NAMED) break;
  }
  return names;
}

function tooLong({ maxItems, items }: SchemaObject, value: unknown[], path: string): FieldError[] {
  if (typeof maxItems !== 'number') return [];
  if (value.length > maxItems) return [{ path, message: `must be at most ${maxItems} items long` }];
  const each = (items ?? {}) as SchemaObject;
  return value.flatMap((item, i) => findMany(each, item, pointer(path, i)));
}
