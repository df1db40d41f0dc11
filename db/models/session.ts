import { type Knex } from 'knex';
import { Model } from 'objection';
import { knex } from '../knex.ts';
import { row } from '../sql.ts';
import type { Role } from './role.ts';

/** What a living session says about who is signed in. */
export type SignedUser = {
  id: number;
  email: string | null;
  role: Role;
  language: string;
  timezone: string;
  data_processing_consent: boolean;
};

/** The outcome of spending a refresh token. */
export type Spent = { session_id: number; user_id: number };

/** One sign-in on one device. Its access tokens name it by `sid`; its refresh tokens follow each other, one alive at a time. */
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
   * Begins a session. `lifetimeS`: seconds until it ends unless it is prolonged, which it can be until it is
   * `absoluteS` old; `tokenHash` is the sha256 of its first refresh token in hex.
   */
  static async begin(of: NewSession, trx: Knex): Promise<number> {
    const { rows } = await trx.raw<Rows<{ session_id: number }>>(
      `WITH session AS (
         INSERT INTO sessions (user_id, user_agent, ip, expires_at)
         VALUES (:userId, :userAgent, :ip, least(now() + make_interval(secs => :lifetimeS), now() + make_interval(secs => :absoluteS)))
         RETURNING id, user_id, expires_at)
       INSERT INTO refresh_tokens (session_id, user_id, token_hash, expires_at)
       SELECT id, user_id, :tokenHash, expires_at FROM session
       RETURNING session_id`,
      of,
    );
    return rows[0]!.session_id;
  }

  /** Who is signed in by this session; undefined when it was ended or has expired, or the account is not active. */
  static async findSigned(sid: number, userId: number): Promise<SignedUser | undefined> {
    const signed = await row<SignedUser>(
      `SELECT u.id, u.email, u.role, u.language, u.timezone, u.data_processing_consent
       FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE s.id = :sid AND s.user_id = :userId AND s.revoked_at IS NULL AND s.expires_at > now()
         AND u.status = 'active'`,
      { sid, userId },
    );
    return signed ?? undefined;
  }

  /**
   * Spends a refresh token. Of two at once only one gets the row. Undefined for unknown, spent and expired ones.
   * @param spentBy the client, in a form that tells equal ones
   * @param iat when the access token that it gets was signed
   */
  static async spend(
    tokenHash: string,
    { spentBy, iat }: { spentBy: string; iat: number },
    trx: Knex,
  ): Promise<Spent | undefined> {
    const { rows } = await trx.raw<Rows<Spent>>(
      `UPDATE refresh_tokens SET spent_at = clock_timestamp(), spent_by = :spentBy, granted_iat = :iat
       WHERE token_hash = :tokenHash AND spent_at IS NULL AND expires_at > now()
       RETURNING session_id, user_id`,
      { tokenHash, spentBy, iat },
    );
    return rows[0];
  }

  /**
   * What a token that was just spent was traded for, where the same client asks again and the session lives.
   * @param of its hash, the client, the hashes of what may have followed it, and for how many seconds it may be asked again
   */
  static async regrant(
    of: { tokenHash: string; spentBy: string; successors: string[]; graceS: number },
    trx: Knex,
  ): Promise<(Spent & { iat: number; successor: string }) | undefined> {
    const { rows } = await trx.raw<Rows<Spent & { iat: number; successor: string }>>(
      `SELECT spent.session_id, spent.user_id, spent.granted_iat AS iat, next.token_hash AS successor
       FROM refresh_tokens spent JOIN refresh_tokens next
         ON next.token_hash = ANY (:successors) AND next.session_id = spent.session_id
       JOIN sessions s ON s.id = spent.session_id JOIN users u ON u.id = s.user_id
       WHERE spent.token_hash = :tokenHash AND spent.spent_by = :spentBy
         AND spent.spent_at > clock_timestamp() - make_interval(secs => :graceS)
         AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND u.status = 'active'`,
      of,
    );
    return rows[0];
  }

  /** Prolongs a living session by its next refresh token. False when the session is over or the account not active. */
  static async prolong(
    sid: number,
    next: Pick<NewSession, 'tokenHash' | 'lifetimeS' | 'absoluteS'>,
    trx: Knex,
  ): Promise<boolean> {
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `WITH session AS (
         UPDATE sessions s SET last_used_at = now(), expires_at = least(
           now() + make_interval(secs => :lifetimeS), s.created_at + make_interval(secs => :absoluteS))
         FROM users u
         WHERE s.id = :sid AND s.revoked_at IS NULL AND s.expires_at > now() AND u.id = s.user_id AND u.status = 'active'
           AND s.created_at + make_interval(secs => :absoluteS) > now()
         RETURNING s.id, s.user_id, s.expires_at)
       INSERT INTO refresh_tokens (session_id, user_id, token_hash, expires_at)
       SELECT id, user_id, :tokenHash, expires_at FROM session`,
      { sid, ...next },
    );
    return rowCount === 1;
  }

  /** A spent token that comes again was stolen, from either side: its whole session ends. What ended, if something did. */
  static async endReplayed(tokenHash: string, trx: Knex): Promise<Spent | undefined> {
    const { rows } = await trx.raw<Rows<Spent>>(
      `UPDATE sessions SET revoked_at = now()
       WHERE revoked_at IS NULL
         AND id = (SELECT session_id FROM refresh_tokens WHERE token_hash = :tokenHash AND spent_at IS NOT NULL)
       RETURNING id AS session_id, user_id`,
      { tokenHash },
    );
    return rows[0];
  }

  /** Ends one session. Its tokens are dead as soon as the transaction is through. */
  static async end(sid: number, trx: Knex = knex): Promise<void> {
    await trx.raw('UPDATE sessions SET revoked_at = now() WHERE id = ? AND revoked_at IS NULL', [sid]);
  }

  /** Ends a living session of a user. False when it is none, or somebody else's. */
  static async endOwn(sid: number, userId: number, trx: Knex): Promise<boolean> {
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `UPDATE sessions SET revoked_at = now()
       WHERE id = :sid AND user_id = :userId AND revoked_at IS NULL AND expires_at > now()`,
      { sid, userId },
    );
    return rowCount === 1;
  }

  /**
   * Lets a user's sessions end in `seconds` at the latest. Nothing renews them: refreshes wait for the token that is
   * deleted here, or have added the next one when it is deleted.
   */
  static async letRunOut(userId: number, seconds: number, trx: Knex): Promise<void> {
    const unspent = 'DELETE FROM refresh_tokens WHERE user_id = :userId AND spent_at IS NULL';
    await trx.raw(unspent, { userId });
    await trx.raw(
      `UPDATE sessions SET expires_at = least(expires_at, now() + make_interval(secs => :seconds))
       WHERE user_id = :userId AND revoked_at IS NULL`,
      { userId, seconds },
    );
    await trx.raw(unspent, { userId });
  }

  /** Ends all sessions of a user, except one if it is named. */
  static async endAll(userId: number, trx: Knex, exceptSid = 0): Promise<void> {
    await trx.raw(
      'UPDATE sessions SET revoked_at = now() WHERE user_id = ? AND id <> ? AND revoked_at IS NULL',
      [userId, exceptSid],
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
type Rows<T> = { rows: T[] };
