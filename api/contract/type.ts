import type { Type as TypeBox } from 'typebox';

/** The functions of TypeBox that contracts call. */
type Name =
  | 'Array'
  | 'Boolean'
  | 'Integer'
  | 'Intersect'
  | 'Literal'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Union'
  | 'Unsafe';
type Schema = Record<string, unknown>;

/** The schemas of fields that may be left out. */
const optionals = new WeakSet<object>();

const functions: Record<Name, (...given: never[]) => Schema> = {
  Array: (items: Schema, options?: Schema) => ({ type: 'array', items, ...options }),
  Boolean: (options?: Schema) => ({ type: 'boolean', ...options }),
  Integer: (options?: Schema) => ({ type: 'integer', ...options }),
  Intersect: (allOf: Schema[], options?: Schema) => ({ allOf, ...options }),
  Literal: (value: string | number | boolean, options?: Schema) => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Number: (options?: Schema) => ({ type: 'number', ...options }),
  Object: (properties: Record<string, Schema>, options?: Schema) => {
    const required = Object.keys(properties).filter((name) => !optionals.has(properties[name] as Schema));
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
  },
  Optional: (schema: Schema) => {
    const copy = { ...schema };
    optionals.add(copy);
    return copy;
  },
  Record: (_key: Schema, value: Schema, options?: Schema) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  String: (options?: Schema) => ({ type: 'string', ...options }),
  Union: (anyOf: Schema[], options?: Schema) => ({ anyOf, ...options }),
  Unsafe: (schema: Schema) => {
    const copy = { ...schema };
    if (optionals.has(schema)) optionals.add(copy);
    return copy;
  },
};

/**
 * The functions of TypeBox that contracts call, with TypeBox's types. They return the same JSON Schema, which
 * test/api/type.test.ts compares. The package itself would load five hundred files into every `web`, and take 6 MiB of each.
 */
export const Type = functions as unknown as Pick<typeof TypeBox, Name>;
