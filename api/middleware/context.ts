import type { RouterContext } from '@koa/router';
import type { ParameterizedContext } from 'koa';
import type { Logger } from 'pino';
import type { SignedUser } from '../../shared/accounts/authenticate.ts';

/** What the middleware leaves for those behind it. `user` and `sid` stand behind `auth`, `body` and `query` behind their schema. */
export type State = {
  requestId: string;
  log: Logger;
  user: SignedUser;
  /** The row of `sessions` that the access token names. */
  sid: number;
  body: unknown;
  query: unknown;
};

/** Outside of any route. */
export type Context = ParameterizedContext<State>;
/** Inside a route: has `params`. */
export type RouteContext = RouterContext<State>;
export type Next = () => Promise<unknown>;

/** The pattern of the route that answers (`/api/v1/runs/:id`), or undefined where none matched. */
export function routePattern(ctx: Context): string | undefined {
  const { _matchedRoute: pattern } = ctx as { _matchedRoute?: unknown };
  return typeof pattern === 'string' ? pattern : undefined;
}
