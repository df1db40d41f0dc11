import * as argon2 from '@node-rs/argon2';
import jwt from 'jsonwebtoken';
import { newToken, signAccess } from '../../shared/accounts/tokens.ts';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import type { Role } from '../../db/models/role.ts';
import { env } from '../../shared/base/env.ts';

export const PASSWORD = 'correct horse battery';
/** Cheap on purpose: tests do not depend on the cost of a hash. */
const HASH = argon2.hashSync(PASSWORD, { memoryCost: 64, timeCost: 1, parallelism: 1 });

export type BuiltUser = {
  id: number;
  email: string;
  username: string;
  role: Role;
  sid: number;
  access: string;
  refresh: string;
};

type Fields = {
  email: string;
  username: string;
  role: Role;
  status: string;
  language: string;
  timezone: string;
  data_processing_consent: boolean;
};

let built = 0;

/** Adds a user (password PASSWORD, all consents) with one session and its tokens. */
export async function buildUser(fields: Partial<Fields> = {}): Promise<BuiltUser> {
  const name = `user${++built}_${process.pid}`;
  const [row] = await knex('users')
    .insert({
      email: `${name}@example.com`,
      username: name,
      hashed_password: HASH,
      gdpr_consent: true,
      data_processing_consent: true,
      ...fields,
    })
    .returning(['id', 'email', 'username', 'role']);
  return { ...row, ...(await buildSession(row)) };
}

/** A guest in the database (all consents given) with one session. Its e-mail and username are labels that only tests know. */
export async function buildGuest(): Promise<BuiltUser> {
  const label = `guest${++built}_${process.pid}`;
  const [row] = await knex('users')
    .insert({ role: 'guest', gdpr_consent: true, data_processing_consent: true })
    .returning(['id', 'role']);
  const session = await buildSession({ ...row, email: null });
  return { ...row, email: `${label}@example.com`, username: label, ...session };
}

/** Adds a session to a user, as for a second device. */
export async function buildSession(user: Parameters<typeof signAccess>[0]) {
  const { token: refresh, tokenHash } = newToken();
  const sid = await Session.begin(
    { userId: user.id, userAgent: 'test', ip: null, lifetimeS: 3600, absoluteS: 86_400, tokenHash },
    knex,
  );
  return { sid, access: signAccess(user, sid), refresh };
}

/** Signs a token like ours with other claims, header or options of jsonwebtoken. */
export function forgeToken(
  user: Pick<BuiltUser, 'id' | 'sid'>,
  claims: object = {},
  secret: jwt.Secret = env.JWT_SECRET[0]!,
  options: jwt.SignOptions = {},
): string {
  const ours = { sub: String(user.id), sid: user.sid, type: 'access', iss: 'parley', aud: 'parley-api' };
  return jwt.sign({ ...ours, ...claims }, secret, { expiresIn: 60, ...options });
}

/**
 * Calls `use` with a token that expires in a second or two. On a failure the machine may have been too slow, so
 * it tries again with twice the lifetime, five times at most.
 * @returns what `use` returns
 * @throws what the last `use` throws
 */
export async function withShortToken<T>(
  user: Pick<BuiltUser, 'id' | 'sid'>,
  use: (token: string) => Promise<T>,
): Promise<T> {
  for (let expiresIn = 2; expiresIn < 32; expiresIn *= 2)
    try {
      return await use(forgeToken(user, {}, undefined, { expiresIn }));
    } catch {}
  return use(forgeToken(user, {}, undefined, { expiresIn: 32 }));
}
