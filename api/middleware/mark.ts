import type { ProblemCode } from '../../shared/base/errors.ts';
import type { Header } from './headers.ts';

/** What a middleware means for the routes it stands in: the API's description (api/docs) is made of it. */
export type Mark = {
  problems?: ProblemCode[];
  /** Which it puts on every answer that is no problem. */
  headers?: Record<string, Header>;
  security?: 'token' | 'board';
};

const marks = new WeakMap<object, Mark>();

/** Notes on a middleware what it means, and returns it. */
export function mark<Middleware extends object>(middleware: Middleware, meaning: Mark): Middleware {
  marks.set(middleware, meaning);
  return middleware;
}

/** What was noted on the middleware of a route, all together. */
export function marksOf(stack: object[]): Mark {
  const found = stack.map((middleware) => marks.get(middleware) ?? {});
  return Object.assign({}, ...found, {
    problems: found.flatMap(({ problems = [] }) => problems),
    headers: Object.assign({}, ...found.map(({ headers }) => headers)),
  });
}
