import { env } from '../shared/base/env.ts';

const url = env.PUBLIC_URL === '' ? null : new URL(env.PUBLIC_URL);

/** The origin of PUBLIC_URL; undefined when PUBLIC_URL is not set. */
export const publicOrigin = url?.origin;

/** Returns a path of the API as browsers ask for it: with the path of PUBLIC_URL, which a proxy strips. */
export function publicPath(path: string): string {
  return `${url === null || url.pathname === '/' ? '' : url.pathname}${path}`;
}
