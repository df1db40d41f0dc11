import type { RouterContext } from '@koa/router';
import type { ParameterizedContext } from 'koa';
import type { Logger } from 'pino';
import type { SignedUser } from '../../shared/accounts/authenticate.ts';
import type { Client } from '../../shared/accounts/client.ts';
import { rowId } from '../../shared/base/errors.ts';

/** What middleware leaves for the handlers. `auth` sets `user` and `sid`; the checks of a schema set `body` and `query`. */
export type State = {
  requestId: string;
  log: Logger;
  user: SignedUser;
  /** The row of `sessions` that the access token names. */
  sid: number;
  /** Who acts, where the act itself checks the session (`authInAct`); `signed` checks it and returns the user. */
  sender?: { id: number; sid: number; signed: () => Promise<SignedUser> };
  body: unknown;
  query: unknown;
};

/** Koa's `ctx` outside of a route. */
export type Ctx = ParameterizedContext<State>;
/** Koa's `ctx` inside a route, with `params`. */
export type RouteCtx = RouterContext<State>;
export type Next = () => Promise<unknown>;

/** Returns the pattern of the route that answers (`/api/v1/runs/:id`), or undefined when no route matched. */
export function routePattern(ctx: Ctx): string | undefined {
  const { _matchedRoute: pattern } = ctx as { _matchedRoute?: unknown };
  return typeof pattern === 'string' ? pattern : undefined;
}

/** Returns where a request comes from. */
export function clientOf(ctx: Ctx): Client {
  const userAgent = ctx.get('User-Agent').slice(0, 300) || null;
  return { userAgent, ip: ctx.ip, requestId: ctx.state.requestId };
}

/** Returns the id in the path. @throws Problem `not_found` for what is not an id as the API writes it: `01` names nothing */
export function pathId(ctx: RouteCtx, name = 'id'): number {
  const raw = ctx.params[name] ?? '';
  return rowId(/^[1-9]\d*$/.test(raw) ? Number(raw) : Number.NaN);
}
