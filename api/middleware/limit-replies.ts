import { createHash } from 'node:crypto';
import { env } from '../../shared/base/env.ts';
import { presentCharge, refusalOf, type Window } from '../../shared/limits/charge.ts';
import { take } from '../../shared/limits/counters.ts';
import type { Context, Next } from './context.ts';
import { rateHeaders } from './headers.ts';
import { mark } from './mark.ts';

/** Each one is a row, an entry of the audit log and a push. */
const OWN: Window = { name: 'replies', limit: env.AGENT_REPLIES_PER_MINUTE, seconds: 60 };

/**
 * Middleware behind `auth`: limits an agent's replies and notes in a minute. Sent again with the same key, a reply is free.
 * @throws Problem `rate_limited`
 */
export const limitReplies = mark(
  async (ctx: Context, next: Next): Promise<void> => {
    const { id } = ctx.state.user;
    const sent = createHash('sha256')
      .update(`${ctx.path}\n${ctx.get('Idempotency-Key')}`)
      .digest('base64url');
    const receipt = ctx.get('Idempotency-Key') === '' ? null : `limit:reply:charged:${id}:${sent}`;
    const charge = await take([{ ...OWN, key: `limit:reply:user:${id}` }], receipt);
    ctx.set(presentCharge(charge, 1));
    if (charge.outcome === 'refused')
      throw refusalOf(charge, 'Too many replies: the header RateLimit says when there may be more');
    await next();
  },
  { problems: ['rate_limited'], headers: rateHeaders },
);
