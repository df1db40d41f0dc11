import type { Knex } from 'knex';
import { row } from '../sql.ts';
import { type Tables, use } from '../personalData.ts';

/** Seconds for which the link in a mail is good. */
const VERIFY_WITHIN_S = 3_600;

export type Verification = { user_id: number; email: string; state: 'good' | 'used' | 'expired' };

/** Tokens that show that somebody reads the mail of an address. */
export const EmailVerification = {
  async begin(userId: number, email: string, tokenHash: string, trx: Knex): Promise<void> {
    await row(
      `INSERT INTO email_verifications (user_id, email, token_hash, expires_at)
       VALUES (:userId, :email, :tokenHash, clock_timestamp() + make_interval(secs => :lifetimeS)) RETURNING id`,
      { userId, email, tokenHash, lifetimeS: VERIFY_WITHIN_S },
      trx,
    );
  },

  /** Returns what a token verifies; undefined for a token that is unknown, used or expired. */
  find(tokenHash: string): Promise<Verification | undefined> {
    return row(
      `SELECT v.user_id, v.email, CASE WHEN v.used_at IS NOT NULL THEN 'used'
         WHEN v.expires_at <= clock_timestamp() OR u.status <> 'active' THEN 'expired' ELSE 'good' END AS state
       FROM email_verifications v JOIN users u ON u.id = v.user_id WHERE v.token_hash = :tokenHash`,
      { tokenHash },
    );
  },

  /** Uses a token up. Of two callers one gets true. */
  async use(tokenHash: string, trx: Knex): Promise<boolean> {
    const used = await row(
      `UPDATE email_verifications SET used_at = clock_timestamp()
       WHERE token_hash = :tokenHash AND used_at IS NULL AND expires_at > clock_timestamp() RETURNING id`,
      { tokenHash },
      trx,
    );
    return used !== undefined;
  },

  /** Voids the other tokens of an account: its address has changed. */
  async voidAll(userId: number, trx: Knex): Promise<void> {
    await row(
      'UPDATE email_verifications SET used_at = clock_timestamp() WHERE user_id = :userId AND used_at IS NULL',
      { userId },
      trx,
    );
  },
};

export const tables: Tables = {
  email_verifications: {
    purpose: 'proving that an address is the user’s',
    kept: 'until they expire',
    bound: use('a day after they expire'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      identity: 'email',
      secret: 'token_hash',
      technical: 'created_at used_at expires_at',
    },
  },
};
