import { readFileSync } from 'node:fs';
import type { SchemaObject } from 'ajv';
import { env } from '../../shared/base/env.ts';
import { type ProblemCode, PROBLEMS, presentProblem, problem } from '../../shared/base/errors.ts';
import type { Mark } from '../middleware/mark.ts';
import type { Route } from '../contract/contract.ts';
import { type Header, rateHeaders, requestIdHeader, retryAfter } from '../middleware/headers.ts';
import { id, text } from '../contract/fields.ts';
import { problemBody, problemCodes } from '../contract/problem.ts';
import { schemas } from '../contract/schema.ts';
import type { Resource, Served } from '../contract/serve.ts';

/** Returns a router's pattern as a path of the document, without the paths below a mount. */
export function documentPath(pattern: string): string {
  return pattern.replace(/\{\/\*\w+\}$/, '').replaceAll(/:(\w+)/g, '{$1}');
}

export function buildOpenapi(resources: Resource[]): OpenApi {
  const served = resources.flatMap(({ routes }) => routes);
  const paths: OpenApi['paths'] = {};
  for (const one of served) {
    const path = documentPath(one.pattern);
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operation(one) };
  }
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: env.PUBLIC_URL || '/' }],
    tags: [...new Set(served.map(({ tag }) => tag))].toSorted().map((name) => ({ name })),
    paths,
    components: { schemas, examples: problemExamples(), securitySchemes: SECURITY },
  };
}

export type Operation = {
  responses: Record<string, Response>;
  requestBody?: { required: boolean; content: Record<string, { schema: SchemaObject; example?: unknown }> };
  [field: string]: unknown;
};
type Response = {
  description: string;
  headers: Record<string, Header>;
  content?: Record<string, { schema?: SchemaObject; examples?: Record<string, object> }>;
};
export type OpenApi = {
  openapi: string;
  info: object;
  servers: object[];
  tags: object[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, SchemaObject>; examples: object; securitySchemes: object };
};

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
export const info = {
  title: 'Parley',
  version,
  license: { name: 'MIT', identifier: 'MIT' },
  description:
    'Post a message, get a 202, watch the answer stream. Every answer carries `X-Request-Id` (send your own to find a ' +
    'request again). Errors are `application/problem+json` with a stable `code`. Ids are integers, times ISO 8601 in UTC. ' +
    'The events of sockets and streams are described in `/asyncapi.json`.',
};

export const ACCESS_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'The access token of a sign-in.',
};
const SECURITY = {
  token: ACCESS_TOKEN,
  board: { type: 'apiKey', in: 'cookie', name: 'parley_board', description: 'For Bull Board alone.' },
};

function operation({ key, pattern, tag, route, mark }: Served): Operation {
  const { summary, detail, query, body, example } = route;
  const security = mark.security === 'board' ? [{ token: [] }, { board: [] }] : [{ token: [] }];
  return {
    operationId: operationId(key.replace(/^ALL/, 'GET')),
    tags: [tag],
    summary,
    ...(detail !== undefined && { description: detail }),
    security: mark.security === undefined ? [] : security,
    parameters: parameters(pattern, query, route.parameters),
    ...(body !== undefined && {
      requestBody: {
        required: isRequired(body),
        content: { 'application/json': { schema: body, ...(example !== undefined && { example }) } },
      },
    }),
    responses: { ...problemsOf(pattern, mark, route), ...answersOf(route.answers, mark.headers) },
  };
}

function isRequired(body: SchemaObject): boolean {
  return body.required !== undefined;
}

/** Turns `POST /api/v1/runs/:id/cancel` into `postRunsByIdCancel`. */
function operationId(key: string): string {
  const words = key.replace('/api/v1', '').replaceAll(':', 'by-').toLowerCase();
  return words
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .map((word, i) => (i === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
    .join('');
}

function parameters(pattern: string, query: SchemaObject | undefined, more: Route['parameters'] = []) {
  const inPath = [...pattern.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    in: 'path',
    name,
    required: true,
    schema: name.endsWith('id') ? id : text,
  }));
  const fields = Object.entries((query?.properties ?? {}) as Record<string, SchemaObject>);
  const required: string[] = query?.required ?? [];
  const inQuery = fields.map(([name, schema]) => ({
    in: 'query',
    name,
    required: required.includes(name),
    schema,
  }));
  return [...inPath, ...inQuery, ...more];
}

function answersOf(answers: Route['answers'], always: Mark['headers'] = {}): Record<string, Response> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { what, json, type, also, headers = {} }]) => {
      const media = json
        ? { [type ?? 'application/json']: { schema: json }, ...(also && { [also]: { schema: text } }) }
        : type && { [type]: { schema: text } };
      const response = {
        description: what,
        headers: { 'X-Request-Id': requestIdHeader, ...always, ...headers },
      };
      return [status, media ? { ...response, content: media } : response];
    }),
  );
}

/** Returns the problems that a route may answer with: its own, and those of its middleware and checks. */
function problemsOf(
  pattern: string,
  mark: Mark,
  { query, body, problems = [] }: Route,
): Record<string, Response> {
  const codes = new Set<ProblemCode>([
    'internal_error',
    'service_unavailable',
    ...(mark.problems ?? []),
    ...problems,
  ]);
  if (body) for (const code of BODY_PROBLEMS) codes.add(code);
  if (query) codes.add('validation_failed');
  if (/:\w*id\b/.test(pattern)) codes.add('not_found');
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries([...byStatus].map(([status, some]) => [status, problemResponse(status, some)]));
}

const BODY_PROBLEMS = [
  'validation_failed',
  'malformed_json',
  'body_too_large',
  'unsupported_encoding',
  'request_timeout',
] as const;

function problemResponse(status: number, codes: ProblemCode[]): Response {
  const schema = { allOf: [problemBody, { properties: { code: { enum: codes } } }] };
  const examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));
  const waits = status === 429 || status === 503;
  // Waiting does not help where an operator has to set something.
  const always = !codes.includes('not_configured');
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join(' · '),
    headers: {
      'X-Request-Id': requestIdHeader,
      ...(waits && { 'Retry-After': { ...retryAfter, required: always } }),
      ...(codes.includes('rate_limited') && optional(rateHeaders)),
    },
    content: { 'application/problem+json': { schema, examples } },
  };
}

function optional(headers: Record<string, Header>): Record<string, Header> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, header]) => [name, { ...header, required: false }]),
  );
}

function problemExamples(): object {
  return Object.fromEntries(
    problemCodes.map((code) => [
      code,
      { summary: PROBLEMS[code].title, value: presentProblem(problem(code), '/api/v1/…') },
    ]),
  );
}
