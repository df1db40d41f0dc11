import type { SchemaObject } from 'ajv';
import type { ProblemCode } from '../../shared/base/errors.ts';
import { text } from './schema.ts';

/**
 * What cannot be read off a route. Its schemas, sign-in, path and the problems that come with them are taken from
 * the router; what is said here is checked against every answer that the tests see.
 */
export type Description = {
  summary: string;
  /** Markdown. */
  detail?: string;
  /** A body that is taken. */
  example?: unknown;
  /** Headers that it reads, and what it reads of the query by itself. */
  parameters?: Parameter[];
  answers: Record<number, Answer>;
  /** Beyond those that sign-in, validation and path imply. */
  problems?: ProblemCode[];
};
export type Answer = {
  what: string;
  json?: SchemaObject;
  /** Of an answer that is no JSON, its media type. */
  type?: string;
  headers?: Record<string, Header>;
};
export type Parameter = {
  in: 'header' | 'query';
  name: string;
  required: boolean;
  description: string;
  schema: SchemaObject;
};
export type Header = { description: string; required: boolean; schema: SchemaObject };

/** Descriptions by method and pattern, such as `POST /api/v1/runs/:id/cancel`, all under one heading. */
export type Descriptions = Record<string, Description & { tag: string }>;

export function describe(tag: string, routes: Record<string, Description>): Descriptions {
  return Object.fromEntries(
    Object.entries(routes).map(([route, description]) => [route, { ...description, tag }]),
  );
}

export function json(what: string, schema: SchemaObject, headers?: Record<string, Header>): Answer {
  return { what, json: schema, headers };
}

export function other(what: string, type: string): Answer {
  return { what, type };
}

export function nothing(what: string): Answer {
  return { what };
}

export const idempotencyKey: Parameter = {
  in: 'header',
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes sending again safe: the same key with the same request is answered as the first time and stores nothing; with ' +
    'another request it is refused (`idempotency_key_reused`). Yours alone, shared with the socket, kept for at least 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 128 },
};
export const lastEventId: Parameter = {
  in: 'header',
  name: 'Last-Event-ID',
  required: false,
  description: 'The last `seq` that was seen, as `EventSource` sends it. Goes before `after`.',
  schema: { type: 'string', pattern: '^\\d{1,15}$' },
};
export const location: Header = {
  description: 'Where what was made can be asked for.',
  required: true,
  schema: { type: 'string', examples: ['/api/v1/runs/42'] },
};
export const idempotencyReplayed: Header = {
  description: 'The key was known: this is the answer of the first time.',
  required: false,
  schema: { type: 'string', enum: ['true'] },
};
export const retryAfter: Header = {
  description: 'Seconds to wait.',
  required: true,
  schema: { type: 'integer', minimum: 0 },
};
/** Of limited routes. Both are lists; see draft-ietf-httpapi-ratelimit-headers. */
export const rateHeaders: Record<string, Header> = {
  RateLimit: {
    description: 'Of each limit: `r` more may be sent in the next `t` seconds.',
    required: true,
    schema: { ...text, examples: ['"minute";r=57;t=33, "hour";r=990;t=1800, "day";r=9990;t=70000'] },
  },
  'RateLimit-Policy': {
    description:
      'Of each limit: `q` in `w` seconds. Those of the client’s address are only told where they refuse.',
    required: true,
    schema: { ...text, examples: ['"minute";q=60;w=60, "hour";q=1000;w=3600, "day";q=10000;w=86400'] },
  },
};
export const requestIdHeader: Header = {
  description: 'Names this request in our logs: the `X-Request-Id` that was sent, if sane, else a new one.',
  required: true,
  schema: text,
};
