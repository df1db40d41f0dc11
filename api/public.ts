import { env } from '../shared/base/env.ts';

const url = env.PUBLIC_URL === '' ? null : new URL(env.PUBLIC_URL);

/** The origin of PUBLIC_URL; undefined where that is not set. */
export const publicOrigin = url?.origin;

/** A path of ours as browsers ask for it: where a proxy strips a prefix, PUBLIC_URL names it. */
export function publicPath(path: string): string {
  return `${url === null || url.pathname === '/' ? '' : url.pathname}${path}`;
}
