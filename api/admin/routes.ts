import Router from '@koa/router';
import { explainRun } from '../../db/models/runExplanation.ts';
import { problem } from '../../shared/errors.ts';
import type { RouteContext, State } from '../context.ts';
import { auth, requireRole } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { presentExplanation } from './presenter.ts';

export const adminRoutes = new Router<State>({ prefix: '/admin' });

adminRoutes.get('/runs/:id', auth, requireRole('admin'), async (ctx: RouteContext) => {
  ctx.body = await explanation(pathId(ctx));
});

/** What operators may know of any run. Throws `not_found`. */
export async function explanation(runId: number) {
  const run = await explainRun(runId);
  if (run === null) throw problem('not_found');
  return presentExplanation(run);
}
