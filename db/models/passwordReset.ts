import type { Knex } from 'knex';
import { row } from '../sql.ts';
import { foldCase } from './user.ts';

/** How long a token may be used. */
export const RESET_WITHIN_S = 3_600;

/** Not used, not made worthless and not too old. A newer one changes nothing: anybody may ask for one, and often. */
const GOOD = 'r.token_hash = :tokenHash AND r.used_at IS NULL AND r.expires_at > now()';

/** Tokens by which an account gets a new password. The first one used makes the others worthless. */
export const PasswordReset = {
  /**
   * Stores a token for the active account with an e-mail address. Does the same work where there is none, so that the
   * time tells nobody which addresses are known; and removes some that have expired.
   * @returns whose it is, if anybody's
   */
  async begin(email: string, tokenHash: string, trx: Knex): Promise<number | undefined> {
    const begun = await row<{ user_id: number | null }>(
      `WITH expired AS (
         DELETE FROM password_resets WHERE expires_at < now()
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

  /** Whose password a token may set; undefined when it is not good. */
  async find(tokenHash: string): Promise<number | undefined> {
    const good = await row<{ user_id: number }>(
      `SELECT r.user_id FROM password_resets r JOIN users u ON u.id = r.user_id AND u.status = 'active' WHERE ${GOOD}`,
      { tokenHash },
    );
    return good?.user_id;
  },

  /** Uses a token up. False when it is not good, or not any more. The caller holds the user's row. */
  async use(tokenHash: string, trx: Knex): Promise<boolean> {
    const used = await row(
      `UPDATE password_resets r SET used_at = now() WHERE ${GOOD} RETURNING r.id`,
      { tokenHash },
      trx,
    );
    return used !== undefined;
  },

  /** Makes all tokens of a user worthless. */
  async voidAll(userId: number, trx: Knex): Promise<void> {
    await row(
      'UPDATE password_resets SET used_at = now() WHERE user_id = :userId AND used_at IS NULL',
      { userId },
      trx,
    );
  },
};
