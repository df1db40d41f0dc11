import { knex } from '../../db/knex.ts';
import { EmailVerification } from '../../db/models/emailVerification.ts';
import { oweNotification } from '../../db/models/notification.ts';
import { PasswordReset } from '../../db/models/passwordReset.ts';
import { User } from '../../db/models/user.ts';
import { invalid, problem } from '../base/errors.ts';
import { refuseWithoutMail } from '../ops/mailSettings.ts';
import { askToVerify } from './askToVerify.ts';
import { type Client, noteSignIn } from './client.ts';
import { type By, noted } from './noted.ts';
import { passwordFits, wrongPassword } from './password.ts';
import { tellSoon } from './tellSoon.ts';
import { hashToken } from './tokens.ts';

/**
 * Mails the link that confirms an account's address, unless it is confirmed.
 * @throws Problem `not_configured`; `forbidden` for an account without an address, as a guest's
 */
export async function sendVerification(userId: number): Promise<void> {
  refuseWithoutMail();
  const user = await User.own(userId);
  if (user.email === null) throw problem('forbidden', 'This account has no e-mail address');
  if (user.email_verified_at !== null) return;
  const owed = await knex.transaction((trx) => askToVerify(user, trx));
  if (owed !== undefined) tellSoon(owed);
}

/**
 * Begins to change an account's address: mails a link to the new one, and the news to the old one. The address changes when the
 * link is used. Does not say whether another account has the address.
 * @throws Problem `not_configured`, `forbidden`; `validation_failed` for a wrong password
 */
export async function beginEmailChange(
  { id, by }: { id: number; by: By },
  email: string,
  password: string,
): Promise<void> {
  refuseWithoutMail();
  const user = await User.own(id);
  if (user.email === null || user.hashed_password === null)
    throw problem('forbidden', 'This account has no password');
  if (!(await passwordFits(password, user.hashed_password))) {
    await noted(by, 'user.email_change_failed', { subject_id: id })(id, knex);
    throw wrongPassword();
  }
  const { email: before } = user;
  const owed = await knex.transaction(async (trx) => {
    await noted(by, 'user.email_change_requested', { subject_id: id })(id, trx);
    return [
      await askToVerify(user, trx, email),
      await oweNotification('email_verification', id, { topic: 'email_changing', address: before }, trx),
    ];
  });
  for (const one of owed) if (one !== undefined) tellSoon(one);
}

/**
 * Confirms the address that a token was mailed to, and makes it the account's where it is another one.
 * @throws Problem `validation_failed` for an unknown token, `gone` for one that was used or has run out; `already_exists` when
 *   another account has the address
 */
export async function verifyEmail(token: string, client: Client): Promise<void> {
  const tokenHash = hashToken(token);
  const known = await EmailVerification.find(tokenHash);
  if (known === undefined) throw invalid('/token', 'must be a valid token');
  if (known.state !== 'good') throw problem('gone');
  const owed = await knex.transaction(async (trx) => {
    const confirmed = await User.confirmEmail(known.user_id, known.email, trx);
    if (confirmed === undefined || !(await EmailVerification.use(tokenHash, trx))) throw problem('gone');
    const { user, before } = confirmed;
    const changed = before !== user.email;
    const act = changed ? 'user.email_changed' : 'user.email_verified';
    await noteSignIn(act, { actor: user, subject: user.id }, client, trx);
    if (!changed || before === null) return undefined;
    // Links in the old address's mail are no longer this account's.
    await PasswordReset.voidAll(user.id, trx);
    await EmailVerification.voidAll(user.id, trx);
    const old = { address: before, topic: 'email_changed' } as const;
    return oweNotification('email_verification', user.id, old, trx);
  });
  if (owed !== undefined) tellSoon(owed);
}
