import { refuseWeak } from '../../shared/accounts/newPassword.ts';
import type { Context, Next } from './context.ts';

/** Middleware: the same for a field of the body. It stands before the limits: a weak password is no guess at another. */
export function strong<Field extends string>(field: Field) {
  return (ctx: Context & { state: { body: Record<Field, string> } }, next: Next): Promise<unknown> => {
    refuseWeak(ctx.state.body[field], `/${field}`);
    return next();
  };
}
