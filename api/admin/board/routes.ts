import Router from '@koa/router';
import { Session } from '../../../db/models/session.ts';
import { Problem } from '../../../shared/errors.ts';
import type { RouteContext, State } from '../../context.ts';
import { readForm } from '../../middleware/body.ts';
import { pathId } from '../../middleware/ids.ts';
import { explanation } from '../routes.ts';
import type { Board } from './board.ts';
import { adminOnly, headers, refuseForeign } from './guard.ts';
import { runPage, signInPage, signOutPage } from './pages.ts';
import { BOARD, forgetAdmin, rememberAdmin, signInAdmin } from './signin.ts';

/** Bull Board and the pages around it: for administrators, by a cookie for this mount alone or by an access token. */
export const boardRoutes = new Router<State>({ prefix: BOARD });

boardRoutes.use(headers);

boardRoutes.get('/sign-in', (ctx: RouteContext) => {
  ctx.body = signInPage();
});

boardRoutes.post('/sign-in', async (ctx: RouteContext) => {
  refuseForeign(ctx);
  try {
    rememberAdmin(ctx, await signInAdmin(await readForm(ctx), ctx.get('User-Agent')));
    ctx.status = 303;
    ctx.redirect(BOARD);
  } catch (err) {
    if (!(err instanceof Problem) || err.status >= 500) throw err;
    ctx.status = err.status;
    ctx.body = signInPage(err.status === 403 ? 'not an administrator' : 'wrong');
  }
});

boardRoutes.get('/sign-out', adminOnly, (ctx: RouteContext) => {
  ctx.body = signOutPage(ctx.state.user.email);
});

boardRoutes.post('/sign-out', adminOnly, async (ctx: RouteContext) => {
  await Session.end(ctx.state.sid);
  forgetAdmin(ctx);
  ctx.status = 303;
  ctx.redirect(`${BOARD}/sign-in`);
});

boardRoutes.get('/runs/:id', adminOnly, async (ctx: RouteContext) => {
  ctx.body = runPage(await explanation(pathId(ctx)));
});

/** Loaded when it is first asked for: most replicas never show it. */
let board: Promise<Board> | undefined;

boardRoutes.all('{/*path}', adminOnly, async (ctx: RouteContext) => {
  board ??= import('./board.ts').then(({ buildBoard }) => buildBoard());
  await (await board)(ctx);
});
