import Router from '@koa/router';
import type { Resource, Served } from './contract/serve.ts';
import { buildDocs } from './docs/routes.ts';
import type { State } from './middleware/ctx.ts';
import * as resources from './resources.ts';

/** Every resource, with the documents that describe them. */
export const served: Resource[] = [...Object.values(resources), buildDocs(() => served)];

export const routes = new Router<State>();
for (const { mount } of served.flatMap((resource) => resource.routes).toSorted(fixedFirst)) mount(routes);

/** Orders routes so that a fixed path comes before a path with a parameter that would match it, and a wildcard last. */
function fixedFirst(a: Served, b: Served): number {
  const [one, other] = [orderOf(a.pattern), orderOf(b.pattern)];
  return one < other ? -1 : Number(one > other);
}

/** Returns a text by which patterns are ordered, such as `0/0users/1` of `/users/:id`. */
function orderOf(pattern: string): string {
  const segments = pattern.replaceAll(/[{}]/g, '').split('/');
  return segments
    .map((segment) => (segment.startsWith('*') ? '2' : segment.startsWith(':') ? '1' : `0${segment}`))
    .join('/');
}
