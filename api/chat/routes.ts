import Router from '@koa/router';
import type { RouteContext, State } from '../context.ts';
import { auth } from '../middleware/auth.ts';
import { bodyOf, validate } from '../middleware/validate.ts';
import { intake } from './intake.ts';
import { sendBody } from './schemas.ts';
import { answerTaken, idempotencyKey, senderOf } from './taken.ts';

export const chatRoutes = new Router<State>({ prefix: '/chat' });

chatRoutes.post('/send', auth, validate(sendBody), async (ctx: RouteContext) => {
  const { requestId } = ctx.state;
  answerTaken(ctx, await intake(senderOf(ctx), bodyOf(ctx, sendBody), idempotencyKey(ctx), requestId));
});
