import type { SchemaObject } from 'ajv';
import { schemas } from '../contract/schema.ts';

export { schemas };

/** Small words for JSON schemas of answers and events. Those of requests stand in each `schemas.ts` and validate. */
export const id: SchemaObject = { type: 'integer', minimum: 1 };
export const count: SchemaObject = { type: 'integer', minimum: 0 };
export const text: SchemaObject = { type: 'string' };
export const flag: SchemaObject = { type: 'boolean' };
export const real: SchemaObject = { type: 'number' };
export const time: SchemaObject = { type: 'string', format: 'date-time' };
/** Any JSON object. */
export const anything: SchemaObject = { type: 'object' };

/** All properties are always there, but for the optional ones. */
export function object(properties: Record<string, SchemaObject>, optional: string[] = []): SchemaObject {
  const required = Object.keys(properties).filter((property) => !optional.includes(property));
  return { type: 'object', required, properties };
}

export function list(items: SchemaObject): SchemaObject {
  return { type: 'array', items };
}

export function oneOf(...values: string[]): SchemaObject {
  return { type: 'string', enum: values };
}

export function orNull(schema: SchemaObject): SchemaObject {
  return { anyOf: [schema, { type: 'null' }] };
}

/** One page of a list. */
export function page(items: SchemaObject): SchemaObject {
  return object({ data: list(items), next_cursor: orNull({ ...text, description: 'null: the last page' }) });
}

/** A schema that the document shows under a name, with an example; returns the reference to it. */
export function named(name: string, schema: SchemaObject, example?: unknown): SchemaObject {
  schemas[name] = example === undefined ? schema : { ...schema, examples: [example] };
  return { $ref: `#/components/schemas/${name}` };
}
