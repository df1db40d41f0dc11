import { type Signed, signedBy } from '../../../shared/accounts/authenticate.ts';
import { openBoard } from '../../../shared/accounts/sessions.ts';
import { clientOf } from '../../auth/client.ts';
import { signIn } from '../../../shared/accounts/signin.ts';
import { signBoard, verifyBoard } from '../../../shared/accounts/tokens.ts';
import type { Context } from '../../middleware/context.ts';
import { credentials } from '../../contract/account.ts';
import type { RateHeaders } from '../../../shared/limits/charge.ts';
import { limited, SIGN_IN } from '../../../shared/limits/attempts.ts';
import { bodyCheck, check } from '../../middleware/validate.ts';
import { publicPath } from '../../middleware/origin.ts';

/** The path of Bull Board, and the one by which browsers ask for it. */
export const BOARD = '/admin/queues';
export const PUBLIC_BOARD = publicPath(BOARD);
const COOKIE = 'parley_board';
/** Seconds: a day's work. Logout, a suspension or another role end it at once. */
const LIFETIME = 43_200;

const credentialsCheck = bodyCheck(credentials);

export type Admin = { userId: number; sid: number };

/**
 * Begins a session by what a form says. Throws `unauthenticated`, `validation_failed`, `rate_limited` together with
 * POST /auth/login, and `forbidden` for others than administrators.
 */
export async function signInAdmin(ctx: Context, form: unknown): Promise<Admin> {
  const { email, password } = check(credentialsCheck, form);
  const client = clientOf(ctx);
  const trying = { account: email, ip: ctx.ip, tell: (headers: RateHeaders) => ctx.set(headers) };
  const signedIn = await limited(SIGN_IN, trying, () => signIn(email.trim(), password, client));
  return { userId: signedIn.user.id, sid: await openBoard(signedIn, client) };
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
  return {
    path: PUBLIC_BOARD,
    httpOnly: true,
    sameSite: 'strict',
    secure: ctx.secure,
    overwrite: true,
  } as const;
}
