import type { Static, TSchema } from 'typebox';
import type { ProblemCode } from '../../shared/base/errors.ts';
import type { Next, RouteCtx } from '../middleware/ctx.ts';
import type { Header, Parameter } from '../middleware/headers.ts';

/**
 * Who may use a route. `signed in by its act`: its statement checks the session. `by its handlers`: the first of them decides.
 */
export type Who = 'anyone' | 'signed in' | 'signed in by its act' | 'editors' | 'admins' | 'by its handlers';

/** A route's contract. `serve` enforces what it takes and who may use it; types check its answers. */
export type Route = {
  who: Who;
  summary: string;
  /** Markdown. */
  detail?: string;
  query?: TSchema;
  body?: TSchema;
  /** An accepted body, for the document. */
  example?: unknown;
  /** Parameters that the handlers read themselves. */
  parameters?: readonly Parameter[];
  answers: Readonly<Record<number, Answer>>;
  /** Problems beyond those that `who`, `query`, `body` and the path imply. */
  problems?: readonly ProblemCode[];
};
export type Answer<T extends TSchema = TSchema> = {
  what: string;
  json?: T;
  /** The media type of an answer that is not application/json. */
  type?: string;
  /** The media type that a query may ask for instead of JSON. */
  also?: string;
  headers?: Record<string, Header>;
};

/** Routes by method and path. `ALL` is a mount, which the document shows as GET. */
export type Routes = Record<`${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'ALL'} /${string}`, Route>;
export type Contract<R extends Routes = Routes> = { tag: string; routes: R };

export function contract<const R extends Routes>(tag: string, routes: R): Contract<R> {
  return { tag, routes };
}

export function json<T extends TSchema>(what: string, schema: T, headers?: Record<string, Header>) {
  return { what, json: schema, headers };
}

/** Returns the answer that is JSON, or with `format=csv` a table. */
export function jsonOrCsv<T extends TSchema>(what: string, schema: T) {
  return { what, json: schema, also: 'text/csv' };
}

export function other(what: string, type: string) {
  return { what, type };
}

export function nothing(what: string) {
  return { what };
}

/** The `ctx` of a route, with `query`, `body` and answers typed by its contract. */
export type RouteOf<R> = R extends Route ? RouteCtx & { state: StateOf<R>; body: Said<R['answers']> } : never;
type StateOf<R extends Route> = {
  query: Checked<R['query']>;
  body: Checked<R['body']>;
} & (R['who'] extends 'anyone' ? { user: never; sid: never } : unknown);
type Checked<Schema> = Schema extends TSchema ? Static<Schema> : undefined;
type Said<Answers> = {
  [Status in keyof Answers]: Answers[Status] extends { json: infer Schema extends TSchema }
    ? Static<Schema>
    : unknown;
}[keyof Answers];

export type Handler<R> = (ctx: RouteOf<R>) => unknown;
export type Middleware<R> = (ctx: RouteOf<R>, next: Next) => unknown;
export type Handlers<R extends Routes> = {
  [Key in keyof R]: Handler<R[Key]> | [...Middleware<R[Key]>[], Handler<R[Key]>];
};

/** An event that clients send over Socket.IO: its frame, and what its acknowledgement adds to `ok: true`. */
export type ClientEvent = { summary: string; frame: TSchema; answer: TSchema; example: unknown };

export function clientEvents<const Events extends Record<string, ClientEvent>>(events: Events): Events {
  return events;
}
