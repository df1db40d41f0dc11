import type { Knex } from 'knex';
import { row } from '../sql.ts';
import { foldCase } from './user.ts';
import { type Tables, use } from '../personalData.ts';

export const RESET_WITHIN_S = 3_600;

/**
 * A token that is not used, not voided and not expired. A newer token does not void it, because anybody may ask
 * for tokens.
 */
const GOOD = 'r.token_hash = :tokenHash AND r.used_at IS NULL AND r.expires_at > now()';

/** Tokens that let an account set a new password. The first token used voids the others. */
export const PasswordReset = {
  /**
   * Stores a token for the active account with this e-mail address, and deletes some expired tokens. It does the
   * same work for an unknown address, so that its duration does not reveal known addresses.
   * @returns the user's id; null for an unknown address
   */
  async begin(email: string, tokenHash: string, trx: Knex): Promise<number | undefined> {
    const begun = await row<{ user_id: number | null }>(
      `WITH expired AS (
         DELETE FROM password_resets WHERE expires_at < now() - interval '1 day'
           AND id IN (SELECT id FROM password_resets ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED))
       INSERT INTO password_resets (user_id, token_hash, expires_at)
       VALUES ((SELECT id FROM users WHERE lower(email COLLATE "C") = :email AND status = 'active'),
         :tokenHash, now() + make_interval(secs => :lifetimeS))
       RETURNING user_id`,
      { email: foldCase(email), tokenHash, lifetimeS: RESET_WITHIN_S },
      trx,
    );
    return begun?.user_id ?? undefined;
  },

  /** Returns the user whose password a token may set; undefined for a token that is not good. */
  async find(tokenHash: string): Promise<number | undefined> {
    const good = await row<{ user_id: number }>(
      `SELECT r.user_id FROM password_resets r JOIN users u ON u.id = r.user_id AND u.status = 'active' WHERE ${GOOD}`,
      { tokenHash },
    );
    return good?.user_id;
  },

  /** Says whether a token was good once: it was used, voided, or has run out within the last day. */
  async isOver(tokenHash: string): Promise<boolean> {
    const over = await row(
      `SELECT r.id FROM password_resets r WHERE r.token_hash = :tokenHash AND r.user_id IS NOT NULL AND NOT (${GOOD})`,
      { tokenHash },
    );
    return over !== undefined;
  },

  /** Uses a token up. Returns false when the token is not good any more. The caller holds the user's row. */
  async use(tokenHash: string, trx: Knex): Promise<boolean> {
    const used = await row(
      `UPDATE password_resets r SET used_at = now() WHERE ${GOOD} RETURNING r.id`,
      { tokenHash },
      trx,
    );
    return used !== undefined;
  },

  async voidAll(userId: number, trx: Knex): Promise<void> {
    await row(
      'UPDATE password_resets SET used_at = now() WHERE user_id = :userId AND used_at IS NULL',
      { userId },
      trx,
    );
  },
};

export const tables: Tables = {
  password_resets: {
    purpose: 'setting a new password',
    kept: 'until they expire',
    bound: use('they expire after an hour'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'id user_id', secret: 'token_hash', technical: 'expires_at used_at' },
  },
};
