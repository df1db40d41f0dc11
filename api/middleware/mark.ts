import type { ProblemCode } from '../../shared/base/errors.ts';
import type { Header } from './headers.ts';

/** What a middleware adds to its routes. The API's description (api/docs) is made from it. */
export type Mark = {
  problems?: ProblemCode[];
  /** Headers on every answer that is not a problem. */
  headers?: Record<string, Header>;
  security?: 'token' | 'board';
};

const marks = new WeakMap<object, Mark>();

/** Records what a middleware adds to its routes. Returns the middleware. */
export function mark<Middleware extends object>(middleware: Middleware, meaning: Mark): Middleware {
  marks.set(middleware, meaning);
  return middleware;
}

export function marksOf(stack: object[]): Mark {
  const found = stack.map((middleware) => marks.get(middleware) ?? {});
  return Object.assign({}, ...found, {
    problems: found.flatMap(({ problems = [] }) => problems),
    headers: Object.assign({}, ...found.map(({ headers }) => headers)),
  });
}
