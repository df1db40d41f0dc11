import { Readable } from 'node:stream';
import { findExport, piecesOf } from '../../../db/models/export.ts';
import { found } from '../../../shared/base/errors.ts';
import { EXPORT } from '../../../shared/limits/policies.ts';
import { limitConnections } from '../../../shared/limits/connections.ts';
import { askForExport } from '../../../shared/privacy/exports.ts';
import { by } from '../../audit/note.ts';
import { serve } from '../../contract/serve.ts';
import { type Ctx, pathId } from '../../middleware/ctx.ts';
import { limitAttempts } from '../../middleware/limit-attempts.ts';
import { publicPath } from '../../middleware/origin.ts';
import { exportContract, presentAsked, presentExport } from './contract.ts';

/** A client that takes nothing of an archive in this time is gone. */
const STALLED_MS = 60_000;
const own = (ctx: Ctx) => String(ctx.state.user.id);

export const exports = serve(exportContract, {
  'POST /api/v1/users/me/export': [
    limitAttempts(EXPORT, own),
    async (ctx) => {
      const asked = await askForExport(ctx.state.user.id, by(ctx));
      ctx.set('Location', publicPath(`/api/v1/users/me/exports/${asked.id}`));
      ctx.body = presentAsked(asked);
    },
  ],

  'GET /api/v1/users/me/exports/:id': async (ctx) => {
    const asked = found(await findExport(ctx.state.user.id, pathId(ctx)));
    const url = asked.status === 'ready' ? publicPath(`/api/v1/users/me/exports/${asked.id}/archive`) : null;
    ctx.body = presentExport({ ...asked, url });
  },

  'GET /api/v1/users/me/exports/:id/archive': async (ctx) => {
    const asked = await findExport(ctx.state.user.id, pathId(ctx));
    const ready = found(asked?.status === 'ready' ? asked : undefined);
    limitConnections('archive', ctx.state.user.id, ctx.res);
    ctx.res.setTimeout(STALLED_MS, () => ctx.res.destroy());
    ctx.type = 'application/zip';
    ctx.attachment('your-data.zip');
    ctx.body = Readable.from(piecesOf(ready.id));
  },
});
