import { env } from '../../shared/base/env.ts';
import type { Context, Next } from './context.ts';
import { rateHeaders } from './headers.ts';
import { networkKey } from '../../shared/limits/network.ts';
import { mark } from './mark.ts';
import { presentCharge, refusalOf, type Window } from '../../shared/limits/charge.ts';
import { take } from '../../shared/limits/counters.ts';

/** A search may cost a call of the provider and much of Postgres's time. */
const OWN: Window = { name: 'searches', limit: env.SEARCHES_PER_MINUTE, seconds: 60 };
/** Many people may share one address, as for messages. */
const ADDRESS: Window = { ...OWN, name: 'address-searches', limit: OWN.limit * 10 };

/** Middleware behind `auth`: limits the searches of a user, and of an address, in a minute. @throws Problem `rate_limited` */
export const limitSearches = mark(searching, { problems: ['rate_limited'], headers: rateHeaders });

/** The same for a list. A request counts only when its query has `q`. */
export const limitSearchedLists = mark(
  async (ctx: Context, next: Next): Promise<void> =>
    ctx.query.q === undefined ? void (await next()) : searching(ctx, next),
  { problems: ['rate_limited'] },
);

async function searching(ctx: Context, next: Next): Promise<void> {
  const charge = await take([
    { ...OWN, key: `limit:search:user:${ctx.state.user.id}` },
    { ...ADDRESS, key: `limit:search:address:${networkKey(ctx.ip)}` },
  ]);
  ctx.set(presentCharge(charge, 1));
  if (charge.outcome === 'refused')
    throw refusalOf(charge, 'Too many searches: the header RateLimit says when you may search again');
  await next();
}
