import type { SchemaObject } from 'ajv';
import { type FieldError, problem } from '../../shared/base/errors.ts';
import { pointer } from './sane.ts';

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
