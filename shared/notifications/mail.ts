import { EmailVerification } from '../../db/models/emailVerification.ts';
import {
  type ClaimedMail,
  claimMail,
  dropMail,
  forgetMail,
  giveUpMail,
  mailed,
  type MailedRow,
  markSent,
  postponeMail,
} from '../../db/models/mail.ts';
import { PasswordReset } from '../../db/models/passwordReset.ts';
import { mailedTokens } from '../accounts/tokens.ts';
import { log } from '../base/log.ts';
import { killPoint } from '../ops/killpoint.ts';
import { mailTries } from '../ops/metrics.ts';
import { choiceOf, REFUSABLE } from './choices.ts';
import { compose, type Item } from './compose.ts';
import { links, unsubscribeToken } from './links.ts';
import { forgetLetters, type Letter, MailError, SEND_WITHIN_MS, sendLetter } from './transport.ts';

/** Ms after which another worker may send a mail: longer than sending takes. */
const LEASE = SEND_WITHIN_MS + 5_000;
/** Seconds between the tries, then an hour; and how old a mail grows. */
const PAUSES = [30, 60, 120, 300, 600, 1_800];
const DAY = 86_400;

/**
 * Sends a mail that is due. A worker that dies after sending leaves it due again: the next try has the same Message-ID. Asks
 * again whether it is still wanted, because it may have waited for a day.
 */
export async function sendMail(id: number): Promise<void> {
  const mail = await claimMail(id, LEASE);
  if (mail === undefined) return;
  killPoint('mail.claimed', id);
  const items = mail.active ? await itemsOf(mail) : [];
  if (items.length === 0) return dropMail(id);
  try {
    await sendLetter(letterOf(mail, items));
  } catch (err) {
    if (!(err instanceof MailError)) throw err;
    return afterRefusal(mail, err);
  }
  mailTries.inc({ outcome: 'sent' });
  killPoint('mail.sent', id);
  // The address of an erased account is in no row afterwards.
  if (items.some(({ kind }) => kind === 'account_erased')) return forgetMail(id);
  // An erasure that went on meanwhile has looked for files already.
  if (!(await markSent(mail)) && mail.user_id !== null) await forgetLetters(mail.user_id);
}

async function itemsOf(mail: ClaimedMail): Promise<Item[]> {
  const items = await Promise.all(
    (await mailed(mail.id)).filter((told) => isWanted(mail, told)).map(withToken),
  );
  return items.filter((item) => item !== undefined);
}

function isWanted({ kinds, refused }: ClaimedMail, { kind, over, faq_question }: MailedRow): boolean {
  if (kind === 'knowledge_answered' && faq_question === null) return false;
  return choiceOf(kinds, kind).email && !(REFUSABLE.includes(kind) && (over || refused));
}

/** Adds the token of its link. Returns undefined for a token that is not good any more. */
async function withToken(told: MailedRow): Promise<Item | undefined> {
  const topic = told.data.topic ?? told.kind;
  if (told.data.nonce === undefined) return { ...told, topic, token: undefined };
  for (const { token, tokenHash } of mailedTokens(told.data.nonce))
    if (await isGood(told, tokenHash)) return { ...told, topic, token };
  return undefined;
}

async function isGood({ kind }: MailedRow, tokenHash: string): Promise<boolean> {
  if (kind === 'password_reset') return (await PasswordReset.find(tokenHash)) !== undefined;
  return (await EmailVerification.find(tokenHash))?.state === 'good';
}

function letterOf(mail: ClaimedMail, items: Item[]): Letter {
  const { address, message_key: key, first_name: name, language, timezone, user_id } = mail;
  const refusable = items.map(({ kind }) => kind).filter((kind) => REFUSABLE.includes(kind));
  const unsubscribe =
    user_id === null || refusable.length === 0
      ? undefined
      : links.unsubscribe(unsubscribeToken(user_id, refusable));
  return {
    to: address,
    key,
    userId: user_id,
    unsubscribe,
    ...compose({ name, address, language, timezone }, items, unsubscribe),
  };
}

/** Tries again for a day. Marks an address for which the server will never take a mail. */
async function afterRefusal(mail: ClaimedMail, { code, refused, ofAddress }: MailError): Promise<void> {
  const pause = PAUSES[mail.tries - 1] ?? 3_600;
  const later = !refused && mail.age_s + pause < DAY;
  mailTries.inc({ outcome: later ? 'later' : 'failed' });
  if (later) {
    log.warn({ mail_id: mail.id, code, again_in_s: pause }, 'Mail not taken by the mail server; tried again');
    return postponeMail(mail.id, pause * 1_000, code);
  }
  log.warn({ mail_id: mail.id, code }, 'Mail refused by the mail server; given up');
  if (mail.user_id === null) return forgetMail(mail.id);
  await giveUpMail(mail, code, ofAddress);
}
