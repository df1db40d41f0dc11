import type { Along } from '../../db/models/auditEntry.ts';
import { AuditEntry } from '../../db/models/auditEntry.ts';
import type { RouteContext } from '../context.ts';

type Act = { subject_id?: number | null; details?: Record<string, unknown> };

/** Who asks, and from where: of a signed-in request. */
export function by(ctx: RouteContext) {
  const { user, requestId } = ctx.state;
  return { actor_id: user.id, actor_role: user.role, ip: ctx.ip, request_id: requestId };
}

/**
 * What writes an audit entry of this request, once the id of what it is about is known and in the transaction of the act.
 * @param action `faq.updated`; its first word says what kind of thing it is
 */
export function note(
  ctx: RouteContext,
  action: string,
  { subject_id = null, details = {} }: Act = {},
): Along {
  const target_type = action.split('.')[0] ?? '';
  return (target_id, trx) =>
    AuditEntry.write({ ...by(ctx), action, target_type, target_id, subject_id, details }, trx);
}
