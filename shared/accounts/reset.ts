import { knex } from '../../db/knex.ts';
import { PasswordReset, RESET_WITHIN_S } from '../../db/models/passwordReset.ts';
import { EmailVerification } from '../../db/models/emailVerification.ts';
import { oweNotification } from '../../db/models/notification.ts';
import { Session } from '../../db/models/session.ts';
import { User } from '../../db/models/user.ts';
import { env } from '../base/env.ts';
import { invalid, problem } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { refuseWithoutMail } from '../ops/mailSettings.ts';
import { type Client, noteSignIn } from './client.ts';
import { hashPassword } from './password.ts';
import { tellSoon } from './tellSoon.ts';
import { hashToken, newMailedToken } from './tokens.ts';

/**
 * Mails a token that sets a new password, if an active account has this e-mail address. The token is good once and for an
 * hour. Does the same work without such an account, down to a notification that reaches nobody.
 * @returns the token; undefined without such an account
 */
export async function beginReset(email: string, client: Client): Promise<string | undefined> {
  const { nonce, token, tokenHash } = newMailedToken();
  const { userId, owed } = await knex.transaction(async (trx) => {
    const id = await PasswordReset.begin(email, tokenHash, trx);
    await noteSignIn('user.reset_requested', { subject: id }, client, trx);
    return { userId: id, owed: await oweNotification('password_reset', id, { nonce }, trx) };
  });
  tellSoon(owed);
  return userId === undefined ? undefined : token;
}

/** Does nothing where a token reaches its user. @throws Problem `not_configured` */
export function refuseUnsentResets(): void {
  if (!env.LOG_RESET_TOKENS) refuseWithoutMail();
}

/**
 * Logs the token for developers who read no mail. A reader of the log can take over the account, so shared/base/env.ts
 * refuses this setting in production.
 */
export function logReset(token: string): void {
  if (!env.LOG_RESET_TOKENS) return;
  log.warn(
    { reset_token: token, good_for_s: RESET_WITHIN_S },
    'Reset token logged; POST /api/v1/auth/password/reset takes it',
  );
}

/**
 * Sets a new password and ends all sessions.
 * @throws Problem `validation_failed` for an unknown token, `gone` for one that was used or has run out
 */
export async function resetPassword(token: string, password: string, client: Client): Promise<void> {
  const tokenHash = hashToken(token);
  const userId = await PasswordReset.find(tokenHash);
  // The check comes before hashing, so that a guess costs no hash.
  if (userId === undefined)
    throw (await PasswordReset.isOver(tokenHash))
      ? problem('gone')
      : invalid('/token', 'must be a valid token');
  const hashed_password = await hashPassword(password);
  await knex.transaction(async (trx) => {
    const user = await User.query(trx)
      .patch({ hashed_password, updated_at: new Date() })
      .where({ id: userId, status: 'active' })
      .returning('*')
      .first();
    if (user === undefined || !(await PasswordReset.use(tokenHash, trx))) throw problem('gone');
    await PasswordReset.voidAll(user.id, trx);
    // A thief may have asked for another address.
    await EmailVerification.voidAll(user.id, trx);
    await Session.endAll(user.id, trx);
    await oweNotification('password_changed', user.id, {}, trx);
    await noteSignIn('user.password_reset', { actor: user, subject: user.id }, client, trx);
  });
}
