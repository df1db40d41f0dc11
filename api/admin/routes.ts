import Router from '@koa/router';
import { explainRun } from '../../db/models/runExplanation.ts';
import { knex } from '../../db/knex.ts';
import { problem } from '../../shared/base/errors.ts';
import { note } from '../audit/note.ts';
import type { RouteContext, State } from '../context.ts';
import { auth, requireRole } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { presentExplanation } from './presenter.ts';

export const adminRoutes = new Router<State>({ prefix: '/admin' });

adminRoutes.get('/runs/:id', auth, requireRole('admin'), async (ctx: RouteContext) => {
  ctx.body = await explanation(ctx);
});

/** What operators may know of any run, the one that the path names; that they looked is noted. Throws `not_found`. */
export async function explanation(ctx: RouteContext) {
  const run = await explainRun(pathId(ctx));
  if (run === null) throw problem('not_found');
  await note(ctx, 'run.explained', { subject_id: run.user_id })(run.id, knex);
  return presentExplanation(run);
}
