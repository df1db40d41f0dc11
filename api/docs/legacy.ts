import Router from '@koa/router';
import type { Resource } from '../contract/serve.ts';
import type { State } from '../context.ts';
import { marksOf } from '../middleware/mark.ts';
import type { Descriptions } from './describe.ts';

/** A resource whose routes and descriptions are still apart. */
export function legacy(prefix: string, router: Router<State>, descriptions: Descriptions): Resource {
  const mount = new Router<State>({ prefix });
  mount.use(router.routes());
  const routes = mount.stack.flatMap(({ methods, path, stack }) => {
    const pattern = String(path);
    const own = methods.length > 10 ? ['GET'] : methods.filter((method) => method !== 'HEAD');
    return own.map((method) => {
      const { tag, ...said } = descriptions[`${method} ${pattern}`] ?? { tag: '', summary: '', answers: {} };
      const route = { who: 'by its handlers' as const, ...said };
      return { key: `${method} ${pattern}`, method, pattern, tag, route, mark: marksOf(stack) };
    });
  });
  return { router: mount, routes };
}
