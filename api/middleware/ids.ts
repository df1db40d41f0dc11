import { rowId } from '../../shared/base/errors.ts';
import type { RouteContext } from './context.ts';

/** The id in the path. What is no integer, or too large for one, names nothing: throws `not_found`. */
export function pathId(ctx: RouteContext, name = 'id'): number {
  const raw = ctx.params[name] ?? '';
  return rowId(/^\d+$/.test(raw) ? Number(raw) : Number.NaN);
}
