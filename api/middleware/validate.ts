import { Ajv, type SchemaObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Static, TSchema } from 'typebox';
import { problem } from '../../shared/base/errors.ts';
import type { Context, Next } from './context.ts';
import { readJson } from './body.ts';
import { checkFew } from './few.ts';
import { presentFaults } from './faults.ts';
import { addOwnFormats } from './formats.ts';
import { checkSane } from './sane.ts';

/** A compiled schema of what reads as T. */
export type Schema<T> = ValidateFunction<T>;

/** Compiles the schema of a body or a socket's payload. Lengths count code points. */
export function bodyCheck<T extends TSchema>(schema: T): Schema<Static<T>> {
  return forBodies.compile<Static<T>>(schema);
}

/** Middleware: reads the body as JSON and refuses it with 400 unless it fits. Handlers find it in `ctx.state.body`. */
export function takeBody(schema: TSchema) {
  const fits = bodyCheck(schema);
  return async (ctx: Context, next: Next): Promise<void> => {
    ctx.state.body = check(fits, await readJson(ctx));
    await next();
  };
}

/** Middleware: the same for the query string, whose numbers and booleans arrive as text, and `ctx.state.query`. */
export function takeQuery(schema: TSchema) {
  const fits = forQueries.compile(schema);
  return async (ctx: Context, next: Next): Promise<void> => {
    ctx.state.query = check(fits, { ...ctx.query });
    await next();
  };
}

/** The value if it fits, its defaults filled in. Throws `validation_failed` that names every field at fault. */
export function check<T>(schema: Schema<T>, value: unknown): T {
  checkFew(schema.schema as SchemaObject, value);
  checkSane(value);
  if (schema(value)) return value;
  throw problem('validation_failed', undefined, { errors: presentFaults(schema.errors ?? []) });
}

const forBodies = compiler(false);
const forQueries = compiler(true);

function compiler(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({
    strict: true,
    allErrors: true,
    allowUnionTypes: true,
    useDefaults: true,
    coerceTypes,
  });
  addFormats.default(ajv, ['email', 'date-time', 'date', 'uri']);
  return addOwnFormats(ajv);
}
