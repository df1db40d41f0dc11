import { removeSubscription } from '../../db/models/pushSubscription.ts';
import { PUSH_SUBSCRIBE } from '../../shared/limits/policies.ts';
import { pushKey, subscribe } from '../../shared/notifications/subscribe.ts';
import { serve } from '../contract/serve.ts';
import { limitAttempts } from '../middleware/limit-attempts.ts';
import { pushContract } from './contract.ts';

export const push = serve(pushContract, {
  'GET /api/v1/push/key': (ctx) => {
    ctx.body = { key: pushKey() };
  },

  'POST /api/v1/push/subscriptions': [
    limitAttempts(PUSH_SUBSCRIBE, (ctx) => String(ctx.state.user.id)),
    async (ctx) => {
      const { endpoint, keys } = ctx.state.body;
      await subscribe({ userId: ctx.state.user.id, sid: ctx.state.sid }, { endpoint, ...keys });
      ctx.body = { endpoint };
    },
  ],

  'DELETE /api/v1/push/subscriptions': async (ctx) => {
    await removeSubscription(ctx.state.user.id, ctx.state.body.endpoint);
  },
});
