import type { default as Router, RouterMiddleware } from '@koa/router';
import type { Ctx, Next, State } from '../middleware/ctx.ts';
import { auth, authInAct, editorsOnly, requireRole } from '../middleware/auth.ts';
import { type Mark, marksOf } from '../middleware/mark.ts';
import { takeBody, takeQuery } from '../middleware/validate.ts';
import type { Contract, Handlers, Route, Routes, Who } from './contract.ts';

export type Resource = { routes: Served[] };
export type Served = Place & {
  tag: string;
  route: Route;
  mark: Mark;
  stack: Middleware[];
};
export type Place = {
  /** Method and path, as in the contract. */
  key: string;
  method: string;
  pattern: string;
  /** Adds the route to a router. */
  mount: (router: Router<State>) => void;
};
/** A contract, and what loads its handlers. */
export type Listed = readonly [contract: Contract, load: () => Promise<Resource>];
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
    const own = [handlers[key as keyof R]].flat() as unknown as Middleware[];
    const stack = [...RIGHTS[route.who], ...checks(route), preset(route), ...own];
    return { ...placeOf(key, stack), tag, route, mark: marksOf(stack), stack };
  });
  return { routes: served };
}

/** Returns the places of a contract's routes. The first request of a rare contract waits until its handlers are loaded. */
export async function placesOf([contract, load]: Listed): Promise<Place[]> {
  if (!contract.rare) return (await load()).routes;
  return Object.keys(contract.routes).map((key) =>
    placeOf(key, [
      async (ctx, next) => {
        const { routes } = await load();
        await inTurn(routes.find((one) => one.key === key)?.stack ?? [], ctx, next);
      },
    ]),
  );
}

function placeOf(key: string, stack: Middleware[]): Place {
  const [method = '', pattern = ''] = key.split(' ');
  const mount = (router: Router<State>) => {
    if (method === 'ALL') router.all(pattern, ...stack);
    else router.register(pattern, [method], stack);
  };
  return { key, method: method === 'ALL' ? 'GET' : method, pattern, mount };
}

type RouteContext = Parameters<Middleware>[0];

async function inTurn([first, ...others]: Middleware[], ctx: RouteContext, next: Next): Promise<void> {
  await (first === undefined ? next() : first(ctx, () => inTurn(others, ctx, next)));
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
