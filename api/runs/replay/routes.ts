import { originalOf, replaysOf, runExists } from '../../../db/models/replay.ts';
import { scheduleReplay } from '../../../shared/replays/replay.ts';
import { found } from '../../../shared/base/errors.ts';
import { noted } from '../../../shared/accounts/noted.ts';
import { enqueueSoon } from '../../../shared/delivery/enqueue.ts';
import { by, note } from '../../audit/note.ts';
import { pageOf } from '../../contract/page.ts';
import { serve } from '../../contract/serve.ts';
import { pathId } from '../../middleware/ctx.ts';
import { limitSearches } from '../../middleware/limit-searches.ts';
import { presentOriginal, presentReplay, replayContract } from './contract.ts';

export const replays = serve(replayContract, {
  'POST /api/v1/runs/:id/replay': [
    limitSearches,
    async (ctx) => {
      const { assistant_version = null, model = null } = ctx.state.body;
      const run = found(await runExists(pathId(ctx)));
      const along = note(ctx, 'run.replayed', { subject_id: run.user_id });
      const replay = await scheduleReplay(run.id, { assistant_version, model }, along);
      enqueueSoon('replay', { replay_id: replay.id });
      ctx.body = presentReplay(replay);
    },
  ],

  'GET /api/v1/runs/:id/replays': async (ctx) => {
    const run = found(await runExists(pathId(ctx)));
    await noted(by(ctx), 'run.replays_read', { subject_id: run.user_id })(run.id);
    const original = presentOriginal(found(await originalOf(run.id)));
    const page = await pageOf(ctx.state.query, {
      list: 'replays',
      by: ['id'],
      find: (limit, after) => replaysOf(run.id, limit, after?.id ?? 0),
      present: presentReplay,
    });
    ctx.body = { ...page, original };
  },
});
