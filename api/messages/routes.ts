import Router from '@koa/router';
import { rateReply, unrateReply } from '../../db/models/reply.ts';
import { problem } from '../../shared/base/errors.ts';
import { answerTaken, idempotencyKey, senderOf } from '../chat/taken.ts';
import type { RouteContext, State } from '../context.ts';
import { auth } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { bodyOf, validate } from '../middleware/validate.ts';
import { presentFeedback } from './presenter.ts';
import { regenerate } from './regenerate.ts';
import { feedbackBody, regenerateBody } from './schemas.ts';

export const messageRoutes = new Router<State>({ prefix: '/messages' });

messageRoutes.post('/:id/regenerate', auth, validate(regenerateBody), async (ctx: RouteContext) => {
  const { requestId } = ctx.state;
  answerTaken(ctx, await regenerate(senderOf(ctx), pathId(ctx), idempotencyKey(ctx), requestId));
});

messageRoutes.post('/:id/feedback', auth, validate(feedbackBody), async (ctx: RouteContext) => {
  const { rating, comment = null } = bodyOf(ctx, feedbackBody);
  const feedback = await rateReply(pathId(ctx), ctx.state.user.id, { rating, comment });
  if (feedback === null) throw problem('not_found');
  ctx.body = presentFeedback(feedback);
});

messageRoutes.delete('/:id/feedback', auth, async (ctx: RouteContext) => {
  if (!(await unrateReply(pathId(ctx), ctx.state.user.id))) throw problem('not_found');
  ctx.status = 204;
});
