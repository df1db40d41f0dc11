import { Conversation } from '../../db/models/conversation.ts';
import { listMessages } from '../../db/models/messageView.ts';
import { found } from '../../shared/base/errors.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { limitSearchedLists } from '../middleware/limit-searches.ts';
import { pathId } from '../middleware/ctx.ts';
import { settleInBackground } from '../../shared/delivery/runs.ts';
import { presentConversation, presentMessage } from '../contract/conversation.ts';
import { askForPerson } from '../../shared/people/askForPerson.ts';
import { conversationContract } from './contract.ts';

export const conversations = serve(conversationContract, {
  'GET /api/v1/conversations': [
    limitSearchedLists,
    async (ctx) => {
      const { archived, q } = ctx.state.query;
      ctx.body = await pageOf(ctx.state.query, {
        list: 'conversations',
        by: ['last_message_us', 'id'],
        find: (limit, after) => Conversation.list(ctx.state.user.id, { archived, q, limit, after }),
        present: presentConversation,
      });
    },
  ],

  'GET /api/v1/conversations/:id': async (ctx) => {
    ctx.body = presentConversation(found(await Conversation.find(pathId(ctx), ctx.state.user.id)));
  },

  'GET /api/v1/conversations/:id/messages': async (ctx) => {
    const { order } = ctx.state.query;
    ctx.body = await pageOf(ctx.state.query, {
      list: 'messages',
      by: ['place'],
      find: async (limit, after) => {
        const { id } = found(await Conversation.find(pathId(ctx), ctx.state.user.id));
        return listMessages(id, { order, limit, after: after?.place ?? null });
      },
      present: presentMessage,
    });
  },

  'PUT /api/v1/conversations/:id': async (ctx) => {
    const { user, body } = ctx.state;
    const { conversation, archived } = found(await Conversation.change(pathId(ctx), user.id, body));
    if (archived) settleInBackground({ ended: [], next: null, news: conversation.id });
    ctx.body = presentConversation(conversation);
  },

  'DELETE /api/v1/conversations/:id': async (ctx) => {
    const { ended } = found(await Conversation.remove(pathId(ctx), ctx.state.user.id));
    settleInBackground({ ended, next: null, news: pathId(ctx) });
  },

  'POST /api/v1/conversations/:id/handoff': async (ctx) => {
    const { user, body } = ctx.state;
    ctx.body = presentConversation(await askForPerson(user.id, pathId(ctx), body.reason ?? null));
  },
});
