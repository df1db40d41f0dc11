import { rateReply, unrateReply } from '../../db/models/reply.ts';
import { found } from '../../shared/base/errors.ts';
import { answerTaken, idempotencyKey, senderOf } from '../chat/answerTaken.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ctx.ts';
import { messageContract, presentFeedback } from './contract.ts';
import { regenerate } from '../../shared/conversations/regenerate.ts';

export const messages = serve(messageContract, {
  'POST /api/v1/messages/:id/regenerate': async (ctx) => {
    const { requestId } = ctx.state;
    answerTaken(ctx, await regenerate(senderOf(ctx), pathId(ctx), idempotencyKey(ctx), requestId));
  },

  'POST /api/v1/messages/:id/feedback': async (ctx) => {
    const { rating, comment = null } = ctx.state.body;
    const feedback = await rateReply(pathId(ctx), ctx.state.user.id, { rating, comment });
    ctx.body = presentFeedback(found(feedback));
  },

  'DELETE /api/v1/messages/:id/feedback': async (ctx) => {
    found(await unrateReply(pathId(ctx), ctx.state.user.id));
  },
});
