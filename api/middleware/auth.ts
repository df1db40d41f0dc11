import koaJwt from 'koa-jwt';
import type { Role } from '../../db/models/user.ts';
import { env } from '../../shared/env.ts';
import { Problem, problem } from '../../shared/errors.ts';
import { signedBy } from '../auth/authenticate.ts';
import { asClaims, verifyAccess } from '../auth/tokens.ts';
import type { Context, Next } from '../context.ts';
import { mark } from './mark.ts';

/** Private routes: sets `ctx.state.user` and `ctx.state.sid`, or throws `unauthenticated` or `token_expired`. */
export async function auth(ctx: Context, next: Next): Promise<void> {
  try {
    await verified(ctx as Parameters<typeof verified>[0], async () => {});
  } catch (err) {
    throw reason(err, ctx);
  }
  await next();
}
mark(auth, { security: 'token', problems: ['unauthenticated', 'token_expired'] });

/** Behind `auth`: throws `forbidden` unless the user has one of the roles. */
export function requireRole(...roles: Role[]) {
  const guard = async (ctx: Context, next: Next): Promise<void> => {
    if (!roles.includes(ctx.state.user.role)) throw problem('forbidden');
    await next();
  };
  return mark(guard, { problems: ['forbidden'] });
}

const verified = koaJwt({
  secret: env.JWT_SECRET,
  algorithms: ['HS256'],
  key: 'claims',
  isRevoked: async (ctx, claims) => {
    const { user, sid } = await signedBy(asClaims(claims));
    Object.assign(ctx.state, { user, sid });
    return false;
  },
});

/** koa-jwt makes a 401 of everything: what we threw ourselves, or a dead database, is taken out of it again. */
function reason(err: unknown, ctx: Context): unknown {
  const { originalError } = err as { originalError?: unknown };
  if (originalError instanceof Problem || !isJwtError(originalError))
    return originalError ?? problem('unauthenticated');
  return expiredOrWrong(ctx.get('Authorization').trim().split(' ')[1] ?? '');
}

function isJwtError(err: unknown): boolean {
  return (
    err instanceof Error &&
    ['TokenExpiredError', 'JsonWebTokenError', 'NotBeforeError', 'SyntaxError'].includes(err.name)
  );
}

/** With several secrets koa-jwt reports the first one's complaint, which may hide that the token has merely expired. */
function expiredOrWrong(token: string): unknown {
  try {
    verifyAccess(token);
  } catch (err) {
    return err;
  }
  return problem('unauthenticated');
}
