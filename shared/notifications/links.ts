import { createHmac, timingSafeEqual } from 'node:crypto';
import { KINDS, type Kind } from '../../db/models/notification.ts';
import { env } from '../base/env.ts';
import { invalid } from '../base/errors.ts';
import { publicUrl } from '../ops/mailSettings.ts';

/** The pages that notifications lead to. A token stands behind `#`, which no server and no log sees. */
export const links = {
  home: () => publicUrl() + '/',
  conversation: (id: number | null) => `${publicUrl()}/${id === null ? '' : `c/${id}`}`,
  account: () => `${publicUrl()}/account`,
  admin: () => `${publicUrl()}/admin`,
  webhooks: () => `${publicUrl()}/admin/webhooks`,
  inbox: () => `${publicUrl()}/admin/inbox`,
  resetPassword: (token: string) => `${publicUrl()}/reset-password#token=${token}`,
  verifyEmail: (token: string) => `${publicUrl()}/verify-email#token=${token}`,
  unsubscribe: (token: string) => `${publicUrl()}/unsubscribe?token=${token}`,
};

/**
 * Makes the token that stops mails of these kinds to a user. The token is signed and stored nowhere. The link of an old mail
 * works as long as JWT_SECRET still holds the secret that signed it.
 */
export function unsubscribeToken(userId: number, kinds: readonly Kind[]): string {
  const [secret] = env.JWT_SECRET;
  if (secret === undefined) throw new Error('JWT_SECRET is not set');
  const said = Buffer.from(`${userId}:${[...new Set(kinds)].join(',')}`).toString('base64url');
  return `${said}.${signature(secret, said)}`;
}

/** Returns what a token stops. @throws Problem `validation_failed` for a token that is not of this installation */
export function readUnsubscribeToken(token: string): { userId: number; kinds: Kind[] } {
  const [said = '', given = ''] = token.split('.');
  const signed = env.JWT_SECRET.some((secret) => same(signature(secret, said), given));
  const [userId, kinds = ''] = Buffer.from(said, 'base64url').toString().split(':');
  if (!signed) throw invalid('token', 'must be the token of a mail');
  return { userId: Number(userId), kinds: KINDS.filter((kind) => kinds.split(',').includes(kind)) };
}

function signature(secret: string, said: string): string {
  return createHmac('sha256', secret).update(`parley unsubscribe ${said}`).digest('base64url');
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
