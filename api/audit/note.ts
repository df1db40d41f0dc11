import type { Along } from '../../db/models/auditEntry.ts';
import { type Act, type By, noted } from '../../shared/accounts/noted.ts';
import type { RouteCtx } from '../middleware/ctx.ts';

/** Returns who makes a signed-in request, and from where. */
export function by(ctx: RouteCtx): By & { actor_id: number } {
  const { user, requestId } = ctx.state;
  return { actor_id: user.id, actor_role: user.role, ip: ctx.ip, request_id: requestId };
}

/** Returns a function that writes an audit entry of this request; see `noted`. */
export function note(ctx: RouteCtx, action: string, act: Act = {}): Along {
  return noted(by(ctx), action, act);
}
