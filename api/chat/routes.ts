import Router from '@koa/router';
import type { Context, RouteContext, State } from '../context.ts';
import { auth } from '../middleware/auth.ts';
import { bodyOf, validate } from '../middleware/validate.ts';
import { intake } from './intake.ts';
import { sendBody } from './schemas.ts';

export const chatRoutes = new Router<State>({ prefix: '/chat' });

chatRoutes.post('/send', auth, validate(sendBody), async (ctx: RouteContext) => {
  const { user, requestId } = ctx.state;
  const { replayed, answer } = await intake(user, bodyOf(ctx, sendBody), idempotencyKey(ctx), requestId);
  ctx.status = 202;
  ctx.set('Location', `/api/v1/runs/${answer.run_id}`);
  if (replayed) ctx.set('Idempotency-Replayed', 'true');
  ctx.body = answer;
});

/** An empty header is a key, and refused as one; an absent one is none. */
function idempotencyKey(ctx: Context): string | null {
  return 'idempotency-key' in ctx.headers ? ctx.get('Idempotency-Key') : null;
}
