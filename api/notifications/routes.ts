import { countUnread, listNotifications, readNotification } from '../../db/models/notification.ts';
import { found } from '../../shared/base/errors.ts';
import { presented } from '../../shared/notifications/present.ts';
import { changeOwnSettings, ownSettings } from '../../shared/notifications/settings.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ctx.ts';
import { notificationContract } from './contract.ts';

export const notifications = serve(notificationContract, {
  'GET /api/v1/notifications': async (ctx) => {
    const { unread } = ctx.state.query;
    const { id } = ctx.state.user;
    const only = unread !== undefined && unread !== 'false';
    const shown = await pageOf(ctx.state.query, {
      list: 'notifications',
      by: ['id'],
      find: (limit, after) => listNotifications(id, { unread: only, limit, beforeId: after?.id ?? null }),
      present: presented,
    });
    ctx.body = { ...shown, unread: await countUnread(id) };
  },

  'POST /api/v1/notifications/:id/read': async (ctx) => {
    found(await readNotification(pathId(ctx), ctx.state.user.id));
  },

  'GET /api/v1/users/me/notifications': async (ctx) => {
    ctx.body = await ownSettings(ctx.state.user.id);
  },

  'PUT /api/v1/users/me/notifications': async (ctx) => {
    ctx.body = await changeOwnSettings(ctx.state.user.id, ctx.state.body);
  },
});
