import { problem } from '../../shared/base/errors.ts';
import type { RouteContext } from '../context.ts';

/** The id in the path. What is no integer, or too large for one, names nothing: throws `not_found`. */
export function pathId(ctx: RouteContext, name = 'id'): number {
  const raw = ctx.params[name] ?? '';
  return bodyId(/^\d+$/.test(raw) ? Number(raw) : Number.NaN);
}

/** An id of a body (its schema says `integer`): throws `not_found` for one that no row can have. */
export function bodyId(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw problem('not_found');
  return value;
}
