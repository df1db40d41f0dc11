import { problem } from '../../shared/base/errors.ts';
import { limited, type Policy } from '../../shared/limits/attempts.ts';
import type { Context, Next } from './context.ts';
import { rateHeaders } from './headers.ts';
import { mark } from './mark.ts';
import { isForeign } from './origin.ts';

/**
 * Middleware: what stands behind it may be tried as often as the policy says.
 * @param whose the account that is meant, as it was typed, or its id; null where the policy has no pair
 */
export function limitAttempts<Ctx extends Context>(
  policy: Policy,
  whose: (ctx: Ctx) => string | null = () => null,
) {
  const middleware = async (ctx: Ctx, next: Next): Promise<unknown> => {
    // CORS keeps answers from other sites' pages, not requests: one could use up what its visitor may try.
    if (isForeign(ctx.req)) throw problem('forbidden', 'Not from pages of this site');
    return limited(policy, { account: whose(ctx), ip: ctx.ip, tell: (headers) => ctx.set(headers) }, next);
  };
  return mark(middleware, { problems: ['rate_limited', 'forbidden'], headers: rateHeaders });
}
