import Router from '@koa/router';
import {
  changeConversation,
  deleteConversation,
  findConversation,
  listConversations,
} from '../../db/models/conversation.ts';
import { listMessages } from '../../db/models/messageView.ts';
import { problem } from '../../shared/errors.ts';
import type { RouteContext, State } from '../context.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { limitSearchedLists } from '../limits/searching.ts';
import { auth } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { bodyOf, queryOf, validate, validateQuery } from '../middleware/validate.ts';
import { settleInBackground } from '../runs/settle.ts';
import { presentConversation, presentMessage } from './presenter.ts';
import { changeBody, listQuery, messagesQuery } from './schemas.ts';

export const conversationRoutes = new Router<State>({ prefix: '/conversations' });

conversationRoutes.get('/', auth, validateQuery(listQuery), limitSearchedLists, async (ctx: RouteContext) => {
  const { limit, cursor, archived, q } = queryOf(ctx, listQuery);
  const after = cursor === undefined ? null : conversationPlace(cursor);
  // One more than is shown tells whether there is more.
  const found = await listConversations(ctx.state.user.id, { archived, q, limit: limit + 1, after });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = {
    data: data.map(presentConversation),
    next_cursor: last ? encodeCursor('conversations', [last.last_message_us, last.id]) : null,
  };
});

conversationRoutes.get('/:id', auth, async (ctx: RouteContext) => {
  ctx.body = presentConversation(there(await findConversation(pathId(ctx), ctx.state.user.id)));
});

conversationRoutes.get('/:id/messages', auth, validateQuery(messagesQuery), async (ctx: RouteContext) => {
  const { limit, cursor, order } = queryOf(ctx, messagesQuery);
  const afterId = cursor === undefined ? null : (decodeCursor('messages', cursor, 1)[0] ?? null);
  const { id } = there(await findConversation(pathId(ctx), ctx.state.user.id));
  const found = await listMessages(id, { order, limit: limit + 1, afterId });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = {
    data: data.map(presentMessage),
    next_cursor: last ? encodeCursor('messages', [last.id]) : null,
  };
});

conversationRoutes.put('/:id', auth, validate(changeBody), async (ctx: RouteContext) => {
  const change = bodyOf(ctx, changeBody);
  ctx.body = presentConversation(there(await changeConversation(pathId(ctx), ctx.state.user.id, change)));
});

conversationRoutes.delete('/:id', auth, async (ctx: RouteContext) => {
  const { ended } = there(await deleteConversation(pathId(ctx), ctx.state.user.id));
  settleInBackground({ ended, next: null });
  ctx.status = 204;
});

function there<T>(found: T | null): T {
  if (found === null) throw problem('not_found');
  return found;
}

function conversationPlace(cursor: string) {
  const [last_message_us = 0, id = 0] = decodeCursor('conversations', cursor, 2);
  return { last_message_us, id };
}
