import { type Knex } from 'knex';
import { Model } from 'objection';
import { knex } from '../knex.ts';
import { row } from '../sql.ts';
import type { Role } from './role.ts';
import { type Tables, use } from '../personalData.ts';

export type SignedUser = {
  id: number;
  email: string | null;
  role: Role;
  language: string;
  timezone: string;
  data_processing_consent: boolean;
  second_factor: boolean;
};

export type Spent = { session_id: number; user_id: number };

/**
 * A sign-in on one device. `sid` in access tokens names it. Its refresh tokens replace each other: one is alive
 * at a time.
 */
export class Session extends Model {
  static override tableName = 'sessions';

  declare id: number;
  declare user_id: number;
  declare user_agent: string | null;
  declare ip: string | null;
  declare created_at: Date;
  declare last_used_at: Date;
  declare expires_at: Date;
  declare revoked_at: Date | null;

  /**
   * Begins a session and returns its id. `lifetimeS`: seconds until it ends, unless it is prolonged. `absoluteS`:
   * its greatest age. `tokenHash`: the sha256 of its first refresh token, in hex.
   */
  static async begin(of: NewSession, trx: Knex): Promise<number> {
    const begun = await row<{ session_id: number }>(
      `WITH session AS (
         INSERT INTO sessions (user_id, user_agent, ip, expires_at)
         VALUES (:userId, :userAgent, :ip, least(now() + make_interval(secs => :lifetimeS), now() + make_interval(secs => :absoluteS)))
         RETURNING id, user_id, expires_at)
       INSERT INTO refresh_tokens (session_id, user_id, token_hash, expires_at)
       SELECT id, user_id, :tokenHash, expires_at FROM session
       RETURNING session_id`,
      of,
      trx,
    );
    if (begun === undefined) throw new Error('no session');
    return begun.session_id;
  }

  /** Returns who is signed in by a session; undefined when it has ended or expired, or the account is not active. */
  static findSigned(sid: number, userId: number): Promise<SignedUser | undefined> {
    return row(
      `SELECT u.id, u.email, u.role, u.language, u.timezone, u.data_processing_consent, u.second_factor
       FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE s.id = :sid AND s.user_id = :userId AND s.revoked_at IS NULL AND s.expires_at > now()
         AND u.status = 'active'`,
      { sid, userId },
    );
  }

  /**
   * Spends a refresh token. Of two concurrent calls one succeeds. Returns undefined for an unknown, spent or
   * expired token.
   * @param spentBy identifies the client: equal for the same client
   * @param iat when the client's new access token was signed
   */
  static spend(
    tokenHash: string,
    { spentBy, iat }: { spentBy: string; iat: number },
    trx: Knex,
  ): Promise<Spent | undefined> {
    return row(
      `UPDATE refresh_tokens SET spent_at = clock_timestamp(), spent_by = :spentBy, granted_iat = :iat
       WHERE token_hash = :tokenHash AND spent_at IS NULL AND expires_at > now()
       RETURNING session_id, user_id`,
      { tokenHash, spentBy, iat },
      trx,
    );
  }

  /**
   * Returns what a token was traded for, when the same client repeats the request in time and the session lives.
   * @param of the token's hash, the client, the hashes of possible successors, and for how many seconds a repeat
   * is allowed
   */
  static regrant(
    of: { tokenHash: string; spentBy: string; successors: string[]; graceS: number },
    trx: Knex,
  ): Promise<(Spent & { iat: number; successor: string }) | undefined> {
    return row(
      `SELECT spent.session_id, spent.user_id, spent.granted_iat AS iat, next.token_hash AS successor
       FROM refresh_tokens spent JOIN refresh_tokens next
         ON next.token_hash = ANY (:successors) AND next.session_id = spent.session_id
       JOIN sessions s ON s.id = spent.session_id JOIN users u ON u.id = s.user_id
       WHERE spent.token_hash = :tokenHash AND spent.spent_by = :spentBy
         AND spent.spent_at > clock_timestamp() - make_interval(secs => :graceS)
         AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND u.status = 'active'`,
      of,
      trx,
    );
  }

  /**
   * Prolongs a living session by its next refresh token. Returns false when the session is over or the account is
   * not active.
   */
  static async prolong(
    sid: number,
    next: Pick<NewSession, 'tokenHash' | 'lifetimeS' | 'absoluteS'>,
    trx: Knex,
  ): Promise<boolean> {
    const prolonged = await row(
      `WITH session AS (
         UPDATE sessions s SET last_used_at = now(), expires_at = least(
           now() + make_interval(secs => :lifetimeS), s.created_at + make_interval(secs => :absoluteS))
         FROM users u
         WHERE s.id = :sid AND s.revoked_at IS NULL AND s.expires_at > now() AND u.id = s.user_id AND u.status = 'active'
           AND s.created_at + make_interval(secs => :absoluteS) > now()
         RETURNING s.id, s.user_id, s.expires_at)
       INSERT INTO refresh_tokens (session_id, user_id, token_hash, expires_at)
       SELECT id, user_id, :tokenHash, expires_at FROM session RETURNING id`,
      { sid, ...next },
      trx,
    );
    return prolonged !== undefined;
  }

  /**
   * Ends the whole session of a spent token that comes again, because the token was stolen. Returns what ended, if anything.
   */
  static endReplayed(tokenHash: string, trx: Knex): Promise<Spent | undefined> {
    return row(
      `UPDATE sessions SET revoked_at = now()
       WHERE revoked_at IS NULL
         AND id = (SELECT session_id FROM refresh_tokens WHERE token_hash = :tokenHash AND spent_at IS NOT NULL)
       RETURNING id AS session_id, user_id`,
      { tokenHash },
      trx,
    );
  }

  /** Ends one session. Its tokens stop working when the transaction commits. */
  static async end(sid: number, trx: Knex = knex): Promise<void> {
    await row('UPDATE sessions SET revoked_at = now() WHERE id = :sid AND revoked_at IS NULL', { sid }, trx);
  }

  /** Ends a living session of a user. Returns false when the user has no such session. */
  static async endOwn(sid: number, userId: number, trx: Knex): Promise<boolean> {
    const ended = await row(
      `UPDATE sessions SET revoked_at = now()
       WHERE id = :sid AND user_id = :userId AND revoked_at IS NULL AND expires_at > now() RETURNING id`,
      { sid, userId },
      trx,
    );
    return ended !== undefined;
  }

  /**
   * Lets a user's sessions end in `seconds` at the latest. Nothing renews them: refreshes wait for the token that is
   * deleted here, or have added the next one when it is deleted.
   */
  static async letRunOut(userId: number, seconds: number, trx: Knex): Promise<void> {
    const unspent = 'DELETE FROM refresh_tokens WHERE user_id = :userId AND spent_at IS NULL';
    await row(unspent, { userId }, trx);
    await row(
      `UPDATE sessions SET expires_at = least(expires_at, now() + make_interval(secs => :seconds))
       WHERE user_id = :userId AND revoked_at IS NULL`,
      { userId, seconds },
      trx,
    );
    await row(unspent, { userId }, trx);
  }

  /** Ends all sessions of a user, except `exceptSid`. */
  static async endAll(userId: number, trx: Knex, exceptSid = 0): Promise<void> {
    await row(
      'UPDATE sessions SET revoked_at = now() WHERE user_id = :userId AND id <> :exceptSid AND revoked_at IS NULL',
      { userId, exceptSid },
      trx,
    );
  }
}

type NewSession = {
  userId: number;
  userAgent: string | null;
  ip: string | null;
  lifetimeS: number;
  absoluteS: number;
  tokenHash: string;
};

export const tables: Tables = {
  sessions: {
    purpose: 'sign-ins',
    kept: 'RETENTION_SESSIONS_DAYS after their end; the address IP_DAYS, then its network',
    bound: use('RETENTION_SESSIONS_DAYS after their end'),
    erased: 'account',
    owner: 'user_id',
    exported: 'sessions.json',
    columns: {
      link: 'id user_id',
      identity: 'ip user_agent',
      behaviour: 'created_at last_used_at expires_at revoked_at',
    },
  },
  refresh_tokens: {
    purpose: 'renewal of sign-ins',
    kept: 'a day after they expire',
    bound: use('a day after they expire; 100 refreshes of a session in 15 minutes'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id session_id user_id',
      secret: 'token_hash',
      technical: 'created_at expires_at spent_at spent_by granted_iat',
    },
  },
};
