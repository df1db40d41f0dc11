import type { default as Router, RouterMiddleware } from '@koa/router';
import type { Ctx, Next, State } from '../middleware/ctx.ts';
import { auth, authInAct, editorsOnly, requireRole } from '../middleware/auth.ts';
import { type Mark, marksOf } from '../middleware/mark.ts';
import { takeBody, takeQuery } from '../middleware/validate.ts';
import type { Contract, Handlers, Route, Routes, Who } from './contract.ts';

export type Resource = { routes: Served[] };
export type Served = {
  /** Method and path, as in the contract. */
  key: string;
  method: string;
  pattern: string;
  tag: string;
  route: Route;
  mark: Mark;
  /** Adds the route to a router. */
  mount: (router: Router<State>) => void;
};
type Middleware = RouterMiddleware<State>;

/**
 * Serves a contract. A route first checks the sign-in and rights that `who` asks for, then its query and body.
 * A missing handler, or a handler without a contract, does not compile.
 * @throws Error at start for the same fault
 */
export function serve<const R extends Routes>(
  { tag, routes }: Contract<R>,
  handlers: NoInfer<Handlers<R>>,
): Resource {
  const [wanted, given] = [Object.keys(routes), Object.keys(handlers)];
  const wrong = [...new Set(wanted).symmetricDifference(new Set(given))];
  if (wrong.length > 0) throw new Error(`${wrong.join(', ')}: a route must have a contract and a handler`);

  const served = Object.entries<Route>(routes).map(([key, route]) => {
    const [method = '', pattern = ''] = key.split(' ');
    const own = [handlers[key as keyof R]].flat() as Middleware[];
    const stack = [...RIGHTS[route.who], ...checks(route), preset(route), ...own];
    const mount = (router: Router<State>) => {
      if (method === 'ALL') router.all(pattern, ...stack);
      else router.register(pattern, [method], stack);
    };
    return {
      key,
      method: method === 'ALL' ? 'GET' : method,
      pattern,
      tag,
      route,
      mark: marksOf(stack),
      mount,
    };
  });
  return { routes: served };
}

const RIGHTS: Record<Who, Middleware[]> = {
  anyone: [],
  'signed in': [auth],
  'signed in by its act': [authInAct],
  editors: [auth, editorsOnly],
  admins: [auth, requireRole('admin')],
  'by its handlers': [],
};

function checks({ query, body }: Route): Middleware[] {
  return [...(query ? [takeQuery(query)] : []), ...(body ? [takeBody(body)] : [])];
}

/** Sets the status when the contract has one alone. Leaves 200 to Koa, so that a handler that forgot its body is a 404. */
function preset({ answers }: Route): Middleware {
  const [status = 0, ...more] = Object.keys(answers).map(Number);
  return (ctx: Ctx, next: Next) => {
    if (status > 200 && more.length === 0) ctx.status = status;
    return next();
  };
}
