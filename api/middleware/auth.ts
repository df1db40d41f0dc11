import type { JwtHeader } from 'jsonwebtoken';
import koaJwt from 'koa-jwt';
import type { Role } from '../../db/models/role.ts';
import { env } from '../../shared/base/env.ts';
import { Problem, problem } from '../../shared/base/errors.ts';
import { refuseUnenrolled, signedBy } from '../../shared/accounts/authenticate.ts';
import { accessChecks, asClaims, secretsOf, verifyAccess } from '../../shared/accounts/tokens.ts';
import type { Ctx, Next } from './ctx.ts';
import { mark } from './mark.ts';

/** Where somebody may go who still has to enrol a second factor. */
const ENROLLING = /^\/api\/v1\/(auth\/.*|users\/me|users\/me\/second-factor(\/.*)?)$/;

/**
 * Middleware of private routes: sets `ctx.state.user` and `ctx.state.sid`.
 * @throws Problem `unauthenticated`, `token_expired`; `forbidden` as `refuseUnenrolled` does
 */
export async function auth(ctx: Ctx, next: Next): Promise<void> {
  try {
    await verified(ctx as Parameters<typeof verified>[0], async () => {});
  } catch (err) {
    throw reason(err, ctx);
  }
  if (!ENROLLING.test(ctx.path)) refuseUnenrolled(ctx.state.user);
  await next();
}
mark(auth, { security: 'token', problems: ['unauthenticated', 'token_expired', 'forbidden'] });

/**
 * Middleware of a route whose act checks session and account in its own statement. Sets `ctx.state.sender`. Before any refusal it
 * checks both, so that a signed-out sender gets a 401 and nothing else. With REQUIRE_2FA it checks both before the route.
 * @throws Problem as `auth` does; what the route throws
 */
export async function authInAct(ctx: Ctx, next: Next): Promise<void> {
  if (env.REQUIRE_2FA !== 'off') return auth(ctx, () => nextAs(ctx, next));
  try {
    await signature(ctx as Parameters<typeof signature>[0], async () => {});
  } catch (err) {
    throw reason(err, ctx);
  }
  const claims = asClaims((ctx.state as { claims?: unknown }).claims, 'access');
  const signed = () => signedBy(claims).then(({ user }) => user);
  ctx.state.sender = { id: Number(claims.sub), sid: claims.sid, signed };
  try {
    await next();
  } catch (err) {
    await signed();
    throw err;
  }
}
mark(authInAct, { security: 'token', problems: ['unauthenticated', 'token_expired', 'forbidden'] });

function nextAs(ctx: Ctx, next: Next): Promise<unknown> {
  const { user, sid } = ctx.state;
  ctx.state.sender = { id: user.id, sid, signed: async () => user };
  return next();
}

const EDITORS: Role[] = ['admin', 'agent'];

export function isEditor({ role }: { role: Role }): boolean {
  return EDITORS.includes(role);
}

/** Middleware behind `auth`. @throws Problem `forbidden` unless the user is an editor */
export const editorsOnly = requireRole(...EDITORS);

/** Returns middleware behind `auth` that throws `forbidden` unless the user has one of the roles. */
export function requireRole(...roles: Role[]) {
  const middleware = async (ctx: Ctx, next: Next): Promise<void> => {
    if (!roles.includes(ctx.state.user.role)) throw problem('forbidden');
    await next();
  };
  return mark(middleware, { problems: ['forbidden'] });
}

/** Uses the same keys and checks as sockets do. */
const token = {
  ...accessChecks,
  secret: async (header: JwtHeader) => secretsOf(header) as unknown as Buffer[],
  key: 'claims',
};
const signature = koaJwt(token);
const verified = koaJwt({
  ...token,
  isRevoked: async (ctx, claims) => {
    const { user, sid } = await signedBy(asClaims(claims, 'access'));
    Object.assign(ctx.state, { user, sid });
    return false;
  },
});

/** Returns the token of a request's Authorization header; '' where there is none. */
export function bearer(ctx: Ctx): string {
  return /^Bearer +(\S+)$/i.exec(ctx.get('Authorization').trim())?.[1] ?? '';
}

/** Returns why a token was refused. koa-jwt answers every fault with 401, so the token is verified once more. */
function reason(err: unknown, ctx: Ctx): unknown {
  const { originalError } = err as { originalError?: unknown };
  if (originalError instanceof Problem) return originalError;
  try {
    verifyAccess(bearer(ctx));
  } catch (wrong) {
    return wrong;
  }
  return originalError ?? problem('unauthenticated');
}
