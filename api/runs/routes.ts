import { Readable } from 'node:stream';
import Router from '@koa/router';
import { authenticate } from '../auth/authenticate.ts';
import type { Context, RouteContext, State } from '../context.ts';
import { holdPlace } from '../limits/places.ts';
import { auth } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { queryOf, validateQuery } from '../middleware/validate.ts';
import { cancel, ownRun } from './own.ts';
import { presentRun } from './presenter.ts';
import { resume } from './resume.ts';
import { afterSeqOf, eventsQuery } from './schemas.ts';
import { eventStream } from './stream.ts';

export const runRoutes = new Router<State>({ prefix: '/runs' });

/** A client that takes nothing, not even heartbeats, for so long is gone. */
const STALLED_MS = 60_000;

runRoutes.get('/:id', auth, async (ctx: RouteContext) => {
  ctx.body = presentRun(await ownRun(ctx.state.user.id, pathId(ctx)));
});

runRoutes.post('/:id/cancel', auth, async (ctx: RouteContext) => {
  const { run, changed } = await cancel(ctx.state.user.id, pathId(ctx));
  ctx.status = changed ? 202 : 200;
  ctx.body = presentRun(run);
});

runRoutes.get('/:id/events', auth, validateQuery(eventsQuery), async (ctx: RouteContext) => {
  const afterSeq = afterSeqOf(queryOf(ctx, eventsQuery), ctx.get('Last-Event-ID'));
  const run = await ownRun(ctx.state.user.id, pathId(ctx));
  holdPlace('stream', ctx.state.user.id, ctx.res);
  const first = await resume(run, afterSeq);
  if (first.done && first.events.length === 0) {
    // EventSource dials again after a 200. Only a 204 stops it.
    ctx.status = 204;
    return;
  }
  ctx.type = 'text/event-stream';
  // Proxies would hold back what they can buffer.
  ctx.set('X-Accel-Buffering', 'no');
  ctx.req.socket.setNoDelay(true);
  ctx.res.setTimeout(STALLED_MS, () => ctx.res.destroy());
  ctx.body = Readable.from(eventStream(run, afterSeq, first, () => authenticate(bearer(ctx))));
});

function bearer(ctx: Context): string {
  return ctx.get('Authorization').trim().split(' ')[1] ?? '';
}
