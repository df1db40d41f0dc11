import { explained } from '../../shared/conversations/ownRun.ts';
import { by } from '../audit/note.ts';
import type { RouteCtx } from '../middleware/ctx.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ctx.ts';
import { adminContract, presentExplanation } from './contract.ts';

export const admin = serve(adminContract, {
  'GET /api/v1/admin/runs/:id': async (ctx) => {
    ctx.body = await explanation(ctx);
  },
});

/** Returns what operators may know of the run in the path, and notes the view in the audit log. @throws Problem `not_found` */
export async function explanation(ctx: RouteCtx) {
  return presentExplanation(await explained(by(ctx), pathId(ctx)));
}
