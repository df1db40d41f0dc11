import { problem } from '../../shared/base/errors.ts';
import { limited } from '../../shared/limits/attempts.ts';
import type { Policy } from '../../shared/limits/policies.ts';
import type { Ctx, Next } from './ctx.ts';
import { rateHeaders } from './headers.ts';
import { mark } from './mark.ts';
import { isForeign } from './origin.ts';

/**
 * Returns middleware that limits how often the handlers behind it may be tried.
 * @param whose returns the account that is tried, as typed, or its id; null when the policy has no pair
 */
export function limitAttempts<Own extends Ctx>(
  policy: Policy,
  whose: (ctx: Own) => string | null = () => null,
) {
  const middleware = async (ctx: Own, next: Next): Promise<unknown> => {
    // CORS hides answers from pages of other sites, but lets their requests in. Such a page could use up its visitor's attempts.
    if (isForeign(ctx.req)) throw problem('forbidden', 'This origin may not make this request');
    return limited(policy, { account: whose(ctx), ip: ctx.ip, tell: (headers) => ctx.set(headers) }, next);
  };
  return mark(middleware, { problems: ['rate_limited', 'forbidden'], headers: rateHeaders });
}
