import type { SchemaObject } from 'ajv';
import { type FieldError, problem } from '../../shared/base/errors.ts';
import { pointer } from './sane.ts';

/** Unknown fields that are named; a body can have tens of thousands. */
const NAMED = 20;

/**
 * Refuses a value that has more items or unknown fields than its schema lets it, before each is looked at: ajv checks
 * all items of a list that is too long, to name every fault. Throws `validation_failed`.
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

/** Names that the schema does not know: one more than are named, at the most. */
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
