import { createHash } from 'node:crypto';
import { env } from '../../shared/base/env.ts';
import type { Ctx, Next } from './ctx.ts';
import { rateHeaders } from './headers.ts';
import { mark } from './mark.ts';
import {
  type Counter,
  networkKey,
  presentCharge,
  refusalOf,
  type Window,
} from '../../shared/limits/charge.ts';
import { take } from '../../shared/limits/counters.ts';

/** A search may cost a call to the provider, and much time in Postgres. */
const OWN: Window = { name: 'searches', limit: env.SEARCHES_PER_MINUTE, seconds: 60 };
/** Many people may share one address, as for messages. */
const ADDRESS: Window = { ...OWN, name: 'address-searches', limit: OWN.limit * 10 };
/** Each reply of an agent is a row, an entry of the audit log and a push. */
const REPLIES: Window = { name: 'replies', limit: env.AGENT_REPLIES_PER_MINUTE, seconds: 60 };

/** Middleware behind `auth`: limits the searches of a user, and of an address, in a minute. @throws Problem `rate_limited` */
export const limitSearches = mark(searching, { problems: ['rate_limited'], headers: rateHeaders });

/** The same for a list. A request counts only when its query has `q`. */
export const limitSearchedLists = mark(
  async (ctx: Ctx, next: Next): Promise<void> =>
    ctx.query.q === undefined ? void (await next()) : searching(ctx, next),
  { problems: ['rate_limited'] },
);

/**
 * Middleware behind `auth`: limits an agent's replies and notes in a minute. Sent again with the same key, a reply is free.
 * @throws Problem `rate_limited`
 */
export const limitReplies = mark(
  async (ctx: Ctx, next: Next): Promise<void> => {
    const { id } = ctx.state.user;
    const key = ctx.get('Idempotency-Key');
    const sent = createHash('sha256').update(`${ctx.path}\n${key}`).digest('base64url');
    const receipt = key === '' ? null : `limit:reply:user:${id}:charged:${sent}`;
    await charge(ctx, [{ ...REPLIES, key: `limit:reply:user:${id}` }], 'replies', receipt);
    await next();
  },
  { problems: ['rate_limited'], headers: rateHeaders },
);

async function searching(ctx: Ctx, next: Next): Promise<void> {
  const counters = [
    { ...OWN, key: `limit:search:user:${ctx.state.user.id}` },
    { ...ADDRESS, key: `limit:search:address:${networkKey(ctx.ip)}` },
  ];
  await charge(ctx, counters, 'searches');
  await next();
}

/** Charges a request, and says in its headers how many more there may be. @throws Problem `rate_limited` */
async function charge(
  ctx: Ctx,
  counters: Counter[],
  what: string,
  receipt: string | null = null,
): Promise<void> {
  const charged = await take(counters, receipt);
  ctx.set(presentCharge(charged, 1));
  if (charged.outcome === 'refused')
    throw refusalOf(charged, `Too many ${what}: the header RateLimit says when there may be more`);
}
