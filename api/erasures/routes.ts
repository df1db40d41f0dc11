import { findErasure } from '../../db/models/erasure.ts';
import { found } from '../../shared/base/errors.ts';
import { PASSWORD_CHANGE } from '../../shared/limits/policies.ts';
import { eraseFor, eraseOwn } from '../../shared/privacy/erasure.ts';
import { receiptOf } from '../../shared/privacy/receipts.ts';
import { by } from '../audit/note.ts';
import { forgetCookie } from '../auth/cookie.ts';
import { serve } from '../contract/serve.ts';
import { type Ctx, pathId } from '../middleware/ctx.ts';
import { limitAttempts } from '../middleware/limit-attempts.ts';
import { erasureContract, presentReceipt } from './contract.ts';

const own = (ctx: Ctx) => String(ctx.state.user.id);

export const erasures = serve(erasureContract, {
  'DELETE /api/v1/users/me': [
    limitAttempts(PASSWORD_CHANGE, own),
    async (ctx) => {
      ctx.body = { receipt: await eraseOwn(ctx.state.user.id, ctx.state.body.password, by(ctx)) };
      forgetCookie(ctx);
    },
  ],

  'POST /api/v1/users/:id/erase': async (ctx) => {
    ctx.body = { receipt: await eraseFor(by(ctx), pathId(ctx), ctx.state.body.reason) };
  },

  'GET /api/v1/erasures/:receipt': async (ctx) => {
    const asked = ctx.params.receipt ?? '';
    const erasure = /^[\w-]{32}$/.test(asked) ? await findErasure(asked) : undefined;
    ctx.body = presentReceipt(await receiptOf(found(erasure)));
  },
});
