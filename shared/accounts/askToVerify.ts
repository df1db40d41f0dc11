import type { Knex } from 'knex';
import { EmailVerification } from '../../db/models/emailVerification.ts';
import { oweNotification } from '../../db/models/notification.ts';
import { mailIsConfigured } from '../ops/mailSettings.ts';
import { newMailedToken } from './tokens.ts';

/**
 * Owes an account the mail with which its address is confirmed. Does nothing where no mail can be sent.
 * @param to another address than the account's, which the confirmation makes its own
 */
export async function askToVerify(
  user: { id: number; email: string | null },
  trx: Knex,
  to?: string,
): Promise<number | undefined> {
  const address = to ?? user.email;
  if (address === null || !mailIsConfigured()) return undefined;
  const { nonce, tokenHash } = newMailedToken();
  await EmailVerification.begin(user.id, address, tokenHash, trx);
  return oweNotification('email_verification', user.id, { nonce, address }, trx);
}
