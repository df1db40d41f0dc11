import { Ajv2020, type SchemaObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { acknowledgement } from '../../api/docs/asyncapi.ts';
import { buildOpenapi, type OpenApi, type Operation } from '../../api/docs/openapi.ts';
import { addOwnFormats } from '../../api/middleware/formats.ts';
import { served } from '../../api/routes.ts';
import type { ClientEvent } from '../../api/contract/contract.ts';
import { clientEvents, serverEvents } from '../../api/sockets/contract.ts';
import { framesOut } from '../../api/websocket/contract.ts';
import type { Answer } from './api.ts';

/** The document that /openapi.json serves. */
export const openapi: OpenApi = buildOpenapi(served);

/**
 * Checks an answer against the document: its headers, and a JSON body with all fields and no others. Paths
 * outside the document may only answer problems.
 * @throws AssertionError
 */
export function checkAnswer(method: string, url: string, answer: Answer): void {
  // A preflight request belongs to CORS and not to a route.
  if (method === 'OPTIONS') return;
  const { pathname } = new URL(url);
  const route = operationOf(method, pathname);
  // The server refused it before it found a route, or it is another server.
  if (route === undefined || (route.operation === undefined && !pathname.startsWith('/api/v1'))) return;
  const where = `${method} ${route.path} → ${answer.status}`;
  const said = route.operation?.responses[answer.status] ?? unrouted(route.operation, answer);
  if (said === undefined) throw new Error(`${where} ${JSON.stringify(answer.body)} is not described`);

  for (const [name, { required }] of Object.entries(said.headers))
    if (required && !answer.headers.has(name)) throw new Error(`${where} lacks the header ${name}`);
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const schema = said.content?.[type]?.schema;
  if (schema === undefined && said.content !== undefined) throw new Error(`${where} is ${type}`);
  if (schema !== undefined && type.endsWith('json')) checkValue(where, schema, answer.body);
}

/** Checks a value against a schema of the document; unknown fields are refused. @throws AssertionError */
export function checkValue(what: string, schema: SchemaObject, value: unknown): void {
  const key = JSON.stringify(schema);
  const validate = compiled.get(key) ?? ajv.compile(closed(schema));
  compiled.set(key, validate);
  if (!validate(value)) {
    const faults = validate.errors?.map(({ instancePath, message, params }) => ({
      instancePath,
      message,
      params,
    }));
    throw new Error(`${what} is not as described: ${JSON.stringify(faults)} in ${JSON.stringify(value)}`);
  }
}

/**
 * Checks what a socket or a stream received against the event of that name in /asyncapi.json.
 * @throws AssertionError
 */
export function checkEvent(event: string, data: unknown): void {
  const schema = (serverEvents as Record<string, SchemaObject>)[event];
  if (schema === undefined) throw new Error(`the event ${event} is not described`);
  checkValue(event, schema, data);
}

/** Checks a frame of a plain WebSocket in the same way. */
export function checkFrame(frame: { type: string }): void {
  const schema = (framesOut as Record<string, SchemaObject>)[frame.type];
  if (schema === undefined) throw new Error(`the frame ${frame.type} is not described`);
  checkValue(`the frame ${frame.type}`, schema, frame);
}

/** Checks the acknowledgement of a socket's event in the same way. */
export function checkAcknowledgement(event: string, answer: unknown): void {
  const schema = acknowledgement((clientEvents as Record<string, ClientEvent>)[event]?.answer ?? { not: {} });
  checkValue(`the acknowledgement of ${event}`, schema, answer);
}

const ajv = addOwnFormats(addFormats.default(new Ajv2020({ strict: false, allErrors: true })));
const compiled = new Map<string, ValidateFunction>();

type Found = { path: string; operation: Operation | undefined };

function operationOf(method: string, pathname: string): Found | undefined {
  const path = paths.find(({ pattern }) => pattern.test(pathname))?.path;
  if (path === undefined) return { path: pathname, operation: undefined };
  return { path, operation: openapi.paths[path]?.[method.toLowerCase()] };
}

/** Paths without parameters come first, as `/faqs/search` before `/faqs/{id}`. */
const paths = Object.keys(openapi.paths)
  .toSorted((a, b) => a.split('{').length - b.split('{').length)
  .map((path) => ({ path, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`) }));

/** Returns the description of a 404 or 405 for a path or method that the document lacks. */
function unrouted(
  operation: Operation | undefined,
  { status }: Answer,
): Operation['responses'][string] | undefined {
  if (operation !== undefined || ![404, 405].includes(status)) return undefined;
  const schema = { $ref: '#/components/schemas/Problem' };
  return { description: '', headers: {}, content: { 'application/problem+json': { schema } } };
}

/** Makes a schema refuse unnamed fields: clients may ignore such fields, tests must not. */
function closed(schema: SchemaObject, part = false): SchemaObject {
  const { $ref, properties, items, anyOf, allOf, ...rest } = schema;
  if ($ref !== undefined) return closed(openapi.components.schemas[String($ref).split('/').at(-1)!]!, part);
  return {
    ...rest,
    ...(properties && { properties: mapValues(properties, (property) => closed(property)) }),
    ...(items && { items: closed(items) }),
    ...(anyOf && { anyOf: anyOf.map((one: SchemaObject) => closed(one, part)) }),
    ...(allOf && { allOf: allOf.map((one: SchemaObject) => closed(one, true)) }),
    ...((allOf || properties) && !part && { unevaluatedProperties: false }),
  };
}

function mapValues(schemas: Record<string, SchemaObject>, change: (schema: SchemaObject) => SchemaObject) {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, change(schema)]));
}
