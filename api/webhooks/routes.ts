import { deleteWebhook, findWebhook, listWebhooks } from '../../db/models/webhook.ts';
import { listDeliveries, oweTest, retryDelivery } from '../../db/models/webhookDelivery.ts';
import { found } from '../../shared/base/errors.ts';
import { WEBHOOK_SEND } from '../../shared/limits/policies.ts';
import { addEndpoint, changeEndpoint, rotateSecret } from '../../shared/webhooks/endpoints.ts';
import { note } from '../audit/note.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { type Ctx, pathId } from '../middleware/ctx.ts';
import { limitAttempts } from '../middleware/limit-attempts.ts';
import { publicPath } from '../middleware/origin.ts';
import {
  presentDelivery,
  presentNewWebhook,
  presentSecret,
  presentWebhook,
  webhookContract,
} from './contract.ts';

/** Limits the events that an administrator sends by hand. */
const sending = limitAttempts(WEBHOOK_SEND, (ctx: Ctx) => String(ctx.state.user.id));

export const webhooks = serve(webhookContract, {
  'GET /api/v1/webhooks': async (ctx) => {
    ctx.body = await pageOf(ctx.state.query, {
      list: 'webhooks',
      by: ['id'],
      find: (limit, after) => listWebhooks(limit, after?.id ?? 0),
      present: presentWebhook,
    });
  },

  'POST /api/v1/webhooks': async (ctx) => {
    const along = note(ctx, 'webhook.created');
    const added = await addEndpoint(ctx.state.body, ctx.state.user.id, along);
    ctx.set('Location', publicPath(`/api/v1/webhooks/${added.id}`));
    ctx.body = presentNewWebhook(added);
  },

  'GET /api/v1/webhooks/:id': async (ctx) => {
    ctx.body = presentWebhook(found(await findWebhook(pathId(ctx))));
  },

  'PUT /api/v1/webhooks/:id': async (ctx) => {
    const change = ctx.state.body;
    const along = note(ctx, 'webhook.updated', { details: { fields: Object.keys(change) } });
    ctx.body = presentWebhook(await changeEndpoint(pathId(ctx), change, along));
  },

  'DELETE /api/v1/webhooks/:id': async (ctx) => {
    found(await deleteWebhook(pathId(ctx), note(ctx, 'webhook.deleted')));
  },

  'POST /api/v1/webhooks/:id/test': [
    sending,
    async (ctx) => {
      ctx.body = presentDelivery(found(await oweTest(pathId(ctx), note(ctx, 'webhook.tested'))));
    },
  ],

  'POST /api/v1/webhooks/:id/secret': async (ctx) => {
    ctx.body = presentSecret(await rotateSecret(pathId(ctx), note(ctx, 'webhook.secret_rotated')));
  },

  'GET /api/v1/webhooks/:id/deliveries': async (ctx) => {
    const { id } = found(await findWebhook(pathId(ctx)));
    ctx.body = await pageOf(ctx.state.query, {
      list: 'webhook-deliveries',
      by: ['id'],
      find: (limit, after) => listDeliveries(id, limit, after?.id ?? null),
      present: presentDelivery,
    });
  },

  'POST /api/v1/webhooks/:id/deliveries/:delivery_id/retry': [
    sending,
    async (ctx) => {
      const deliveryId = pathId(ctx, 'delivery_id');
      const along = note(ctx, 'webhook.redelivered', { details: { delivery_id: deliveryId } });
      ctx.body = presentDelivery(found(await retryDelivery(pathId(ctx), deliveryId, along)));
    },
  ],
});
