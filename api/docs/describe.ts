import type { SchemaObject } from 'ajv';
import type { ProblemCode } from '../../shared/base/errors.ts';
import type { Header, Parameter } from '../contract/headers.ts';

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
export type { Header, Parameter };

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

export {
  idempotencyKey,
  idempotencyReplayed,
  lastEventId,
  location,
  rateHeaders,
  requestIdHeader,
  retryAfter,
} from '../contract/headers.ts';
