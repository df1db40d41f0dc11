import Router from '@koa/router';
import { type Listed, type Place, placesOf, type Resource } from './contract/serve.ts';
import { docsContract } from './docs/contract.ts';
import type { State } from './middleware/ctx.ts';
import { resources } from './resources.ts';

/** It describes all resources, so it is none of the list. */
const docs: Listed = [
  docsContract,
  async () => {
    const { buildDocs } = await import('./docs/routes.ts');
    return (described ??= buildDocs(loadAll));
  },
];
let described: Resource | undefined;
const listed = [...resources, docs];

/** Loads the handlers of every resource, with the documents that describe them. */
export function loadAll(): Promise<Resource[]> {
  return Promise.all(listed.map(([, load]) => load()));
}

export const routes = new Router<State>();
const places = await Promise.all(listed.map(placesOf));
for (const { mount } of places.flat().toSorted(fixedFirst)) mount(routes);

/** Orders routes so that a fixed path comes before a path with a parameter that would match it, and a wildcard last. */
function fixedFirst(a: Place, b: Place): number {
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
