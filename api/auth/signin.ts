import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { type NewUser, User } from '../../db/models/user.ts';
import { env } from '../../shared/env.ts';
import { problem } from '../../shared/errors.ts';
import { passwordFits } from './password.ts';
import { hashRefresh, newRefresh, signAccess } from './tokens.ts';

/** A pair of tokens as the client gets them. */
export type Grant = { access: string; refresh: string };
type SignIn = { user: User; grant: Grant };

/** Creates the account and its first session. Throws `already_exists`. */
export async function register(fields: NewUser, userAgent: string | null): Promise<SignIn> {
  return knex.transaction(async (trx) => {
    const user = await User.register({ ...fields }, trx);
    return { user, grant: await beginSession(user, userAgent, trx) };
  });
}

/** Signs in by e-mail address or username. Throws `unauthenticated`, the same way and after the same time whatever was wrong. */
export async function signIn(login: string, password: string, userAgent: string | null): Promise<SignIn> {
  const found = await User.findByLogin(login);
  if (!(await passwordFits(password, found?.hashed_password)) || found === undefined) throw wrongLogin();
  return knex.transaction(async (trx) => {
    const user = await User.signIn(found, trx);
    if (user === undefined) throw wrongLogin();
    return { user, grant: await beginSession(user, userAgent, trx) };
  });
}

/** Trades a refresh token for a new pair. Throws `unauthenticated`; a spent token also ends its session. */
export async function refresh(token: string): Promise<SignIn> {
  const renewed = await knex.transaction((trx) => renew(hashRefresh(token), trx));
  // Thrown outside: a rollback would forget that the session was ended.
  if (renewed === undefined) throw problem('unauthenticated', 'The refresh token is not valid');
  return renewed;
}

async function renew(tokenHash: string, trx: Knex): Promise<SignIn | undefined> {
  const spent = await Session.spend(tokenHash, trx);
  if (spent === undefined) {
    await Session.endReplayed(tokenHash, trx);
    return undefined;
  }
  const next = newRefresh();
  const lives = await Session.prolong(
    spent.session_id,
    { tokenHash: next.tokenHash, lifetimeS: env.REFRESH_TOKEN_TTL_S },
    trx,
  );
  const user = lives ? await User.query(trx).findById(spent.user_id) : undefined;
  return user && { user, grant: { access: signAccess(user, spent.session_id), refresh: next.token } };
}

async function beginSession(user: User, userAgent: string | null, trx: Knex): Promise<Grant> {
  const { token, tokenHash } = newRefresh();
  const sid = await Session.begin(
    { userId: user.id, userAgent, lifetimeS: env.REFRESH_TOKEN_TTL_S, tokenHash },
    trx,
  );
  return { access: signAccess(user, sid), refresh: token };
}

function wrongLogin() {
  return problem('unauthenticated', 'E-mail address, username or password is wrong');
}
