import { Ajv, type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Static, TSchema } from 'typebox';
import { type FieldError, problem } from '../../shared/base/errors.ts';
import type { Context, Next } from '../context.ts';
import { readJson } from './body.ts';
import { checkFew } from './few.ts';
import { addOwnFormats } from './formats.ts';
import { mark } from './mark.ts';
import { checkSane, pointer } from './sane.ts';

/** A compiled schema of what reads as T. */
export type Schema<T> = ValidateFunction<T>;

/** Compiles a JSON schema of a body or a socket's payload. Lengths count code points; unknown fields are to be refused by it. */
export function bodySchema<T>(json: SchemaObject): Schema<T> {
  return forBodies.compile<T>(json);
}

/** Compiles the schema of a body or a socket's payload. Lengths count code points. */
export function bodyCheck<T extends TSchema>(schema: T): Schema<Static<T>> {
  return forBodies.compile<Static<T>>(schema);
}

/** Middleware: reads the body as JSON and refuses it with 400 unless it fits. Handlers find it in `ctx.state.body`. */
export function takeBody(schema: TSchema) {
  return validate(bodyCheck(schema));
}

/** Middleware: the same for the query string, whose numbers and booleans arrive as text, and `ctx.state.query`. */
export function takeQuery(schema: TSchema) {
  return validateQuery(forQueries.compile(schema));
}

/** Compiles a JSON schema of a query string, whose numbers and booleans arrive as text. */
export function querySchema<T>(json: SchemaObject): Schema<T> {
  return forQueries.compile<T>(json);
}

/** Middleware: reads the body as JSON and refuses it with 400 unless it fits; handlers take it by `bodyOf`. */
export function validate<T>(schema: Schema<T>) {
  const take = async (ctx: Context, next: Next): Promise<void> => {
    ctx.state.body = check(schema, await readJson(ctx));
    await next();
  };
  return mark(take, { body: schema.schema as SchemaObject });
}

/** Middleware: the same for the query string; handlers take it by `queryOf`. */
export function validateQuery<T>(schema: Schema<T>) {
  const take = async (ctx: Context, next: Next): Promise<void> => {
    ctx.state.query = check(schema, { ...ctx.query });
    await next();
  };
  return mark(take, { query: schema.schema as SchemaObject });
}

/** The body that `validate(schema)` let through. The schema is named again for its type. */
export function bodyOf<T>(ctx: Context, _schema: Schema<T>): T {
  return ctx.state.body as T;
}

/** The query that `validateQuery(schema)` let through. */
export function queryOf<T>(ctx: Context, _schema: Schema<T>): T {
  return ctx.state.query as T;
}

/** For any other payload (socket frames): the value if it fits. Throws `validation_failed` that names every field at fault. */
export function check<T>(schema: Schema<T>, value: unknown): T {
  checkFew(schema.schema as SchemaObject, value);
  checkSane(value);
  if (schema(value)) return value;
  throw problem('validation_failed', undefined, { errors: presentErrors(schema.errors ?? []) });
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

/** A hostile body can have thousands of faults. */
const MAX_ERRORS = 20;

function presentErrors(found: ErrorObject[]): FieldError[] {
  return found.slice(0, MAX_ERRORS).map(({ instancePath, params, message }) => {
    const { missingProperty, additionalProperty } = params as Record<string, string | undefined>;
    const field = missingProperty ?? additionalProperty?.slice(0, 100);
    if (missingProperty !== undefined)
      return { path: pointer(instancePath, missingProperty), message: 'is required' };
    if (field !== undefined) return { path: pointer(instancePath, field), message: 'is not known' };
    return { path: instancePath, message: message ?? 'is not valid' };
  });
}
