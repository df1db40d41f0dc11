import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SentMessageInfo, Transporter } from 'nodemailer';
import { env } from '../base/env.ts';
import { inTime } from '../base/inTime.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';
import { mailDomain, mailFrom } from '../ops/mailSettings.ts';
import { refusalIn } from './refusal.ts';

/** A mail, ready to send. */
export type Letter = {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The part of the Message-ID before the @. */
  key: string;
  /** Whose mail it is; null: of an account that is erased. */
  userId: number | null;
  language: string;
  /** The address of the one-click unsubscription (RFC 8058); undefined where the mail may not be refused. */
  unsubscribe: string | undefined;
};

/** Why a mail was not sent. `refused`: the server will never take it. `ofAddress`: nor any other mail for this address. */
export class MailError extends Error {
  /** Such as `550` or `ETIMEDOUT`; no text of the server, which may hold the address. */
  readonly code: string;
  readonly refused: boolean;
  readonly ofAddress: boolean;
  constructor(code: string, refused: boolean, ofAddress: boolean) {
    super(`the mail was not taken: ${code}`);
    this.code = code;
    this.refused = refused;
    this.ofAddress = ofAddress;
  }

  /** The cause in words for operators, with the code; the code alone where no words are known. */
  get why(): string {
    const said = WHY[this.code];
    return said === undefined ? this.code : `${said} (${this.code})`;
  }
}
const WHY: Record<string, string> = {
  ECONNECTION: 'nothing answers there',
  ECONNREFUSED: 'nothing answers there',
  ESOCKET: 'nothing answers there, or not with TLS as SMTP_URL says',
  EDNS: 'host name not found',
  ETIMEDOUT: 'timeout',
  EAUTH: 'wrong user or password',
  ETLS: 'no TLS at the server',
  EENVELOPE: 'it refuses the sender or the recipient',
};

/** Ms that each step of a conversation with the mail server may take, and the whole of it. */
const [STEP, WHOLE] = [10_000, 25_000];
export const SEND_WITHIN_MS = WHOLE;
const timedOut = () => Object.assign(new Error('too late'), { code: 'ETIMEDOUT' });

/**
 * Sends a mail, or writes it to a file. Every try of one mail has the same Message-ID.
 * @throws MailError
 */
export async function sendLetter(letter: Letter): Promise<void> {
  const message = messageOf(letter);
  if (env.SMTP_URL === '') return writeLetter(letter, message);
  try {
    await inTime(WHOLE, (await transport()).sendMail(message), timedOut);
  } catch (err) {
    throw mailError(err);
  }
}

/** Asks the mail server for its greeting and tries the sign-in. @throws MailError */
export async function tryMailServer(): Promise<void> {
  try {
    await inTime(STEP, (await transport()).verify(), timedOut);
  } catch (err) {
    throw mailError(err);
  }
}

function messageOf({ to, subject, text, html, key, language, unsubscribe }: Letter) {
  return {
    from: mailFrom(),
    to: { name: '', address: to },
    ...(env.MAIL_RETURN_PATH !== '' && { envelope: { from: env.MAIL_RETURN_PATH, to } }),
    subject,
    text,
    html,
    messageId: `<${key}@${mailDomain()}>`,
    // A machine's answer to a machine's mail would never end (RFC 3834).
    headers: {
      'Auto-Submitted': 'auto-generated',
      'Content-Language': language,
      ...(unsubscribe !== undefined && {
        // By hand: nodemailer's own `list` puts brackets around the second.
        'List-Unsubscribe': { prepared: true, value: `<${unsubscribe}>` },
        'List-Unsubscribe-Post': { prepared: true, value: 'List-Unsubscribe=One-Click' },
      }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

let opened: Promise<Transporter<SentMessageInfo>> | undefined;

/** Returns the pool of connections to the mail server, which opens at the first mail. */
function transport(): Promise<Transporter<SentMessageInfo>> {
  return (opened ??= open());
}

async function open(): Promise<Transporter<SentMessageInfo>> {
  const { createTransport } = await import('nodemailer');
  const { hostname } = new URL(env.SMTP_URL);
  const pool = createTransport(
    {
      url: env.SMTP_URL,
      pool: true,
      maxConnections: 4,
      maxMessages: 100,
      connectionTimeout: STEP,
      greetingTimeout: STEP,
      socketTimeout: STEP * 2,
      // A server on this machine may have a certificate of its own making. Elsewhere it is verified.
      ...(['localhost', '127.0.0.1', '[::1]'].includes(hostname) && { tls: { rejectUnauthorized: false } }),
      ...dkim(),
    },
    {},
  );
  onStop('mail', () => pool.close());
  return pool;
}

function dkim() {
  const { MAIL_DKIM_DOMAIN: domainName, MAIL_DKIM_SELECTOR: keySelector, MAIL_DKIM_KEY: privateKey } = env;
  return domainName === '' ? {} : { dkim: { domainName, keySelector, privateKey } };
}

/** Writes a mail to MAIL_DIR. A second try replaces the file of the first. */
async function writeLetter({ key, userId }: Letter, message: ReturnType<typeof messageOf>): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'unix', ...dkim() });
  // The file stays: it must not be where an erased address is left.
  const shown = userId === null ? { ...message, to: 'undisclosed-recipients:;' } : message;
  const { message: raw } = await composer.sendMail(shown);
  await mkdir(env.MAIL_DIR, { recursive: true, mode: 0o700 });
  const file = join(env.MAIL_DIR, `${prefixOf(userId)}${key}.eml`);
  await writeFile(`${file}.part`, raw as Buffer, { mode: 0o600 });
  await rename(`${file}.part`, file);
  log.warn({ file }, 'Mail written to a file: SMTP_URL is not set');
}

/** Names whose mail a file holds, so that an erasure finds it. */
function prefixOf(userId: number | null): string {
  return userId === null ? '' : `user-${userId}-`;
}

/** Removes the files with a user's mails. Does nothing where mails are sent by a server, which keeps its own. */
export async function forgetLetters(userId: number): Promise<void> {
  if (env.MAIL_DIR === '') return;
  const names = await readdir(env.MAIL_DIR).catch(() => []);
  const theirs = names.filter((name) => name.startsWith(prefixOf(userId)));
  await Promise.all(theirs.map((name) => rm(join(env.MAIL_DIR, name), { force: true })));
}

/** What a server says for good to the recipient or the message concerns this mail; to the sign-in or the sender, all mails. */
const OF_THE_MAIL = ['RCPT TO', 'DATA'];

function mailError(err: unknown): MailError {
  const {
    code,
    responseCode,
    response = '',
    command = '',
  } = err as {
    code?: string;
    responseCode?: number;
    response?: string;
    command?: string;
  };
  const forGood = responseCode !== undefined && responseCode >= 500 && responseCode < 600;
  return new MailError(
    String(responseCode ?? code ?? 'failed'),
    forGood && OF_THE_MAIL.includes(command),
    forGood && command === 'RCPT TO' && refusalIn(response).ofAddress,
  );
}
