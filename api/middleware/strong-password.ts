import { refuseWeak } from '../../shared/accounts/newPassword.ts';
import type { Context, Next } from './context.ts';

/**
 * Returns middleware that refuses a weak password in a field of the body, as `refuseWeak` does. It comes before the
 * limits: a weak new password is not a guess at another one.
 */
export function strong<Field extends string>(field: Field) {
  return (ctx: Context & { state: { body: Record<Field, string> } }, next: Next): Promise<unknown> => {
    refuseWeak(ctx.state.body[field], `/${field}`);
    return next();
  };
}
