import { Readable } from 'node:stream';
import { authenticate } from '../../shared/accounts/authenticate.ts';
import { serve } from '../contract/serve.ts';
import { limitConnections } from '../../shared/limits/connections.ts';
import { bearer } from '../middleware/auth.ts';
import { pathId } from '../middleware/ctx.ts';
import { presentRun, runContract } from './contract.ts';
import { cancel, ownRun } from '../../shared/conversations/ownRun.ts';
import { resume } from '../../shared/conversations/resume.ts';
import { afterSeqOf, eventStream } from './stream.ts';

/** A client that takes nothing in this time, not even heartbeats, is gone. */
const STALLED_MS = 60_000;

export const runs = serve(runContract, {
  'GET /api/v1/runs/:id': async (ctx) => {
    ctx.body = presentRun(await ownRun(ctx.state.user.id, pathId(ctx)));
  },

  'POST /api/v1/runs/:id/cancel': async (ctx) => {
    const { run, changed } = await cancel(ctx.state.user.id, pathId(ctx));
    ctx.status = changed ? 202 : 200;
    ctx.body = presentRun(run);
  },

  'GET /api/v1/runs/:id/events': async (ctx) => {
    const afterSeq = afterSeqOf(ctx.state.query, ctx.get('Last-Event-ID'));
    const run = await ownRun(ctx.state.user.id, pathId(ctx));
    limitConnections('stream', ctx.state.user.id, ctx.res);
    const first = await resume(run, afterSeq);
    if (first.done && first.events.length === 0) {
      // EventSource dials again after a 200. Only a 204 stops it.
      ctx.status = 204;
      return;
    }
    ctx.type = 'text/event-stream';
    // Otherwise nginx would buffer the stream.
    ctx.set('X-Accel-Buffering', 'no');
    ctx.req.socket.setNoDelay(true);
    ctx.res.setTimeout(STALLED_MS, () => ctx.res.destroy());
    ctx.body = Readable.from(eventStream(run, afterSeq, first, () => authenticate(bearer(ctx))));
  },
});
