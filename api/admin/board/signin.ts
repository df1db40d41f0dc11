import { Session } from '../../../db/models/session.ts';
import { problem } from '../../../shared/errors.ts';
import { type Signed, signedBy } from '../../auth/authenticate.ts';
import { loginBody } from '../../auth/schemas.ts';
import { signIn } from '../../auth/signin.ts';
import { signBoard, verifyAccess, verifyBoard } from '../../auth/tokens.ts';
import type { Context } from '../../context.ts';
import { check } from '../../middleware/validate.ts';

/** Where Bull Board stands. */
export const BOARD = '/admin/queues';
const COOKIE = 'parley_board';
/** Seconds: a day's work. Logout, a suspension or another role end it at once. */
const LIFETIME = 43_200;

export type Admin = { userId: number; sid: number };

/** Begins a session by what a form says. Throws `unauthenticated`, `validation_failed`, and `forbidden` for others than administrators. */
export async function signInAdmin(form: unknown, userAgent: string): Promise<Admin> {
  const { email, password } = check(loginBody, form);
  const { user, grant } = await signIn(email.trim(), password, userAgent.slice(0, 300) || null);
  const { sid } = verifyAccess(grant.access);
  if (user.role !== 'admin') {
    await Session.end(sid);
    throw problem('forbidden');
  }
  return { userId: user.id, sid };
}

/** Sets the cookie; over TLS it never travels without. */
export function rememberAdmin(ctx: Context, { userId, sid }: Admin): void {
  const token = signBoard(userId, sid, LIFETIME);
  ctx.cookies.set(COOKIE, token, { ...attributes(ctx), maxAge: LIFETIME * 1_000 });
}

export function forgetAdmin(ctx: Context): void {
  ctx.cookies.set(COOKIE, null, attributes(ctx));
}

/** Who the cookie speaks for, by its session's row. Throws `unauthenticated` or `token_expired`. */
export async function signedByCookie(ctx: Context): Promise<Signed> {
  return signedBy(verifyBoard(ctx.cookies.get(COOKIE) ?? ''));
}

function attributes(ctx: Context) {
  return { path: BOARD, httpOnly: true, sameSite: 'strict', secure: ctx.secure, overwrite: true } as const;
}
