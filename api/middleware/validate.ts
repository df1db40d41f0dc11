import { Ajv, type SchemaObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Static, TSchema } from 'typebox';
import { refuseWeak } from '../../shared/accounts/newPassword.ts';
import { problem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from './ctx.ts';
import { readJson } from './body.ts';
import { presentFaults } from './faults.ts';
import { addOwnFormats } from './formats.ts';
import { checkFew, checkSane } from './sane.ts';

/** A schema. A value that passes has the type T. */
export type Schema<T> = { schema: SchemaObject; compiled: () => ValidateFunction<T> };

/** Returns the check of a body or of a socket's frame. Lengths count code points. */
export function bodyCheck<T extends TSchema>(schema: T): Schema<Static<T>> {
  return whenUsed<Static<T>>(schema);
}

/** Middleware: reads the body as JSON into `ctx.state.body`. @throws Problem as `readJson` and `check` do */
export function takeBody(schema: TSchema) {
  const fits = bodyCheck(schema);
  return async (ctx: Ctx, next: Next): Promise<void> => {
    ctx.state.body = check(fits, await readJson(ctx));
    await next();
  };
}

/** Middleware: reads the query string into `ctx.state.query`, with text turned into numbers and booleans. @throws as `check` */
export function takeQuery(schema: TSchema) {
  const fits = whenUsed(schema);
  return async (ctx: Ctx, next: Next): Promise<void> => {
    ctx.state.query = check(fits, readQuery(schema, ctx.query));
    await next();
  };
}

/** Reads each field of a query by its type. Text in another form than the type's stays text, which the schema refuses. */
function readQuery({ properties = {} }: SchemaObject, query: object): Record<string, unknown> {
  const fields = properties as Record<string, SchemaObject>;
  const typeOf = (name: string) => (Object.hasOwn(fields, name) ? fields[name]?.type : undefined);
  return Object.fromEntries(Object.entries(query).map(([name, said]) => [name, readAs(typeOf(name), said)]));
}

/** Each integer has one form. ajv's own coercion would also take `1e1`, `0x10`, `+5`, ` 5` and `5.0`. */
const INTEGER = /^(0|-?[1-9]\d*)$/;

function readAs(type: unknown, said: unknown): unknown {
  if (type === 'integer' && typeof said === 'string' && INTEGER.test(said)) return Number(said);
  if (type === 'boolean' && (said === 'true' || said === 'false')) return said === 'true';
  return said;
}

/** Returns the value with its defaults filled in. @throws Problem `validation_failed` that names the fields at fault */
export function check<T>(schema: Schema<T>, value: unknown): T {
  checkFew(schema.schema, value);
  checkSane(value);
  const fits = schema.compiled();
  if (fits(value)) return value;
  throw problem('validation_failed', undefined, { errors: presentFaults(fits.errors ?? []) });
}

/** Compiles a schema at its first use: a fifth of the start of `web` would go into schemas that few requests need. */
function whenUsed<T>(schema: SchemaObject): Schema<T> {
  let fits: ValidateFunction<T> | undefined;
  return { schema, compiled: () => (fits ??= ajv.compile<T>(schema)) };
}

const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true, useDefaults: true });
addFormats.default(ajv, ['email', 'date-time', 'date', 'uri']);
addOwnFormats(ajv);

/**
 * Returns middleware that refuses a weak password in a field of the body, as `refuseWeak` does. It comes before the
 * limits: a weak new password is not a guess at another one.
 */
export function strong<Field extends string>(field: Field) {
  return (ctx: Ctx & { state: { body: Record<Field, string> } }, next: Next): Promise<unknown> => {
    refuseWeak(ctx.state.body[field], `/${field}`);
    return next();
  };
}
