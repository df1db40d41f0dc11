import { rowId } from '../../shared/base/errors.ts';
import type { RouteContext } from './context.ts';

/** Returns the id in the path. @throws Problem `not_found` for what is not an integer or is too large for one */
export function pathId(ctx: RouteContext, name = 'id'): number {
  const raw = ctx.params[name] ?? '';
  return rowId(/^\d+$/.test(raw) ? Number(raw) : Number.NaN);
}
