import { refuseUnenrolled, type Signed, signedBy } from '../../../shared/accounts/authenticate.ts';
import { openBoard } from '../../../shared/accounts/sessions.ts';
import { clientOf } from '../../middleware/ctx.ts';
import { signIn } from '../../../shared/accounts/signin.ts';
import { signInBySecondFactor } from '../../../shared/accounts/secondFactor.ts';
import { Problem } from '../../../shared/base/errors.ts';
import { signBoard, verifyBoard, verifySecondFactor } from '../../../shared/accounts/tokens.ts';
import type { Ctx } from '../../middleware/ctx.ts';
import { boardForm } from '../../contract/account.ts';
import type { RateHeaders } from '../../../shared/limits/charge.ts';
import { limited } from '../../../shared/limits/attempts.ts';
import { SECOND_FACTOR, SIGN_IN } from '../../../shared/limits/policies.ts';
import { bodyCheck, check } from '../../middleware/validate.ts';
import { publicPath } from '../../middleware/origin.ts';

/** The path of Bull Board, and the path by which browsers ask for it. */
export const BOARD = '/admin/queues';
export const PUBLIC_BOARD = publicPath(BOARD);
const COOKIE = 'parley_board';
/** Seconds: a day's work. Logout, suspension or a change of role end it at once. */
const LIFETIME = 43_200;
/** Seconds that the panel's frame may show the board; the panel asks again before. */
export const FRAME_LIFETIME = 3_600;

const formCheck = bodyCheck(boardForm);

export type Admin = { userId: number; sid: number };

/**
 * Begins a session with the credentials of a form. Shares its limit with POST /auth/login.
 * A code of a second factor comes with them: the form has no second page.
 * @throws Problem `unauthenticated`, `second_factor_required`, `validation_failed`, `rate_limited`; `forbidden` for users who
 * are not administrators
 */
export async function signInAdmin(ctx: Ctx, form: unknown): Promise<Admin> {
  const { email, password, code = '' } = check(formCheck, form);
  const client = clientOf(ctx);
  const from = { ip: ctx.ip, tell: (headers: RateHeaders) => ctx.set(headers) };
  const signedIn = await limited(SIGN_IN, { ...from, account: email }, () =>
    signIn(email.trim(), password, client),
  ).catch((err) => {
    if (!(err instanceof Problem) || err.secondFactorToken === undefined || code === '') throw err;
    const token = err.secondFactorToken;
    return limited(SECOND_FACTOR, { ...from, account: verifySecondFactor(token).sub }, () =>
      signInBySecondFactor(token, code, client),
    );
  });
  return { userId: signedIn.user.id, sid: await openBoard(signedIn, client) };
}

/** Sets the cookie. A cookie set over TLS is `Secure`. @param lifetime seconds */
export function rememberAdmin(ctx: Ctx, { userId, sid }: Admin, lifetime = LIFETIME): void {
  const token = signBoard(userId, sid, lifetime);
  ctx.cookies.set(COOKIE, token, { ...attributes(ctx), maxAge: lifetime * 1_000 });
}

export function forgetAdmin(ctx: Ctx): void {
  ctx.cookies.set(COOKIE, null, attributes(ctx));
}

/**
 * Returns who signed in by the cookie, from the session's row.
 * @throws Problem `unauthenticated`, `token_expired`, `forbidden`
 */
export async function signedByCookie(ctx: Ctx): Promise<Signed> {
  const signed = await signedBy(verifyBoard(ctx.cookies.get(COOKIE) ?? ''));
  refuseUnenrolled(signed.user);
  return signed;
}

function attributes(ctx: Ctx) {
  return {
    path: PUBLIC_BOARD,
    httpOnly: true,
    sameSite: 'strict',
    secure: ctx.secure,
    overwrite: true,
  } as const;
}
