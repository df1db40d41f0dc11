import { noted } from '../../../shared/accounts/noted.ts';
import { noteBoard, signOut } from '../../../shared/accounts/sessions.ts';
import { env } from '../../../shared/base/env.ts';
import { Problem } from '../../../shared/base/errors.ts';
import { by } from '../../audit/note.ts';
import { serve } from '../../contract/serve.ts';
import { readForm } from '../../middleware/body.ts';
import { clientOf } from '../../middleware/ctx.ts';
import { explanation } from '../routes.ts';
import type { Board } from './board.ts';
import { boardContract } from './contract.ts';
import { adminOnly, headers, refuseForeign } from './adminOnly.ts';
import { type Refused, runPage, signInPage, signOutPage } from './pages.ts';
import { forgetAdmin, FRAME_LIFETIME, PUBLIC_BOARD, rememberAdmin, signInAdmin } from './signin.ts';

const REFUSED: Record<number, Refused> = { 403: 'not an administrator', 429: 'too often' };

/** Loaded at the first request: most replicas never show it. */
const boards: { own?: Promise<Board>; framed?: Promise<Board> } = {};

/** Bull Board and the pages around it, for administrators. A cookie for this mount, or an access token, lets them in. */
export const bullBoard = serve(boardContract, {
  'POST /api/v1/admin/board': async (ctx) => {
    const { user, sid } = ctx.state;
    await noteBoard(user, sid, clientOf(ctx));
    rememberAdmin(ctx, { userId: user.id, sid }, FRAME_LIFETIME);
  },

  'GET /admin/queues/sign-in': [
    headers,
    (ctx) => {
      ctx.body = signInPage();
    },
  ],

  'POST /admin/queues/sign-in': [
    headers,
    async (ctx) => {
      refuseForeign(ctx);
      try {
        rememberAdmin(ctx, await signInAdmin(ctx, await readForm(ctx)));
        ctx.status = 303;
        ctx.redirect(PUBLIC_BOARD);
      } catch (err) {
        if (!(err instanceof Problem) || err.status >= 500) throw err;
        ctx.status = err.status;
        if (err.retryAfterS !== undefined) ctx.set('Retry-After', String(err.retryAfterS));
        ctx.body = signInPage(
          err.code === 'second_factor_required' ? 'code wanted' : (REFUSED[err.status] ?? 'wrong'),
        );
      }
    },
  ],

  'GET /admin/queues/sign-out': [
    headers,
    adminOnly,
    (ctx) => {
      ctx.body = signOutPage(ctx.state.user.email ?? '');
    },
  ],

  'POST /admin/queues/sign-out': [
    headers,
    adminOnly,
    async (ctx) => {
      const { sid, user } = ctx.state;
      await signOut({ id: user.id, sid, by: by(ctx) });
      forgetAdmin(ctx);
      ctx.redirect(`${PUBLIC_BOARD}/sign-in`);
    },
  ],

  'GET /admin/queues/runs/:id': [
    headers,
    adminOnly,
    async (ctx) => {
      ctx.body = runPage(await explanation(ctx));
    },
  ],

  'ALL /admin/queues{/*path}': [
    headers,
    adminOnly,
    async (ctx) => {
      // The change is in Redis and not in a transaction, so the audit entry comes first.
      if (env.BOARD_WRITABLE && !['GET', 'HEAD'].includes(ctx.method)) {
        const { method, path } = ctx;
        await noted(by(ctx), 'queue.changed', { details: { method, path: path.slice(0, 300) } })(null);
      }
      const framed = ctx.get('Sec-Fetch-Dest') === 'iframe';
      const board = (boards[framed ? 'framed' : 'own'] ??= import('./board.ts').then(({ buildBoard }) =>
        buildBoard(framed),
      ));
      await (await board)(ctx);
    },
  ],
});
