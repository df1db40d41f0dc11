import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { Arrivals } from './arrivals.ts';

/** A mail as another library reads it. */
export type Received = {
  to: string;
  messageId: string;
  subject: string;
  text: string;
  html: string;
  header: (name: string) => string;
  raw: string;
};
/** What the server says to a recipient instead of taking the mail. */
type Refusal = { code: number; message: string };

/** A mail server on a socket, which keeps what it gets. */
export type Mailbox = {
  url: string;
  mails: Received[];
  /** Resolves to the n-th mail (the first: 1) to an address; rejects after 30 s. */
  next: (to: string, n?: number) => Promise<Received>;
  /** Refuses recipients from now on where it returns a refusal. */
  refuse: (refusing: (to: string) => Refusal | undefined) => void;
  /** How many recipients were refused. */
  refused: () => number;
  stop: () => Promise<void>;
};

/** Starts a mail server without TLS, or with a sign-in for STARTTLS. @param options of smtp-server */
export async function startMailbox(options: object = {}): Promise<Mailbox> {
  const arrived = new Arrivals<Received>();
  let refusing: (to: string) => Refusal | undefined = () => undefined;
  let refused = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo: ({ address }, _session, done) => {
      const refusal = refusing(address);
      if (refusal === undefined) return done();
      refused += 1;
      done(Object.assign(new Error(refusal.message), { responseCode: refusal.code }));
    },
    onData: (stream, session, done) => {
      void collect(stream).then(async (raw) => {
        const to = session.envelope.rcptTo[0]?.address ?? '';
        arrived.add(await parsed(to, raw));
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails: arrived.all,
    next: (to, n = 1) =>
      arrived.until(
        (mails) => mails.filter((mail) => mail.to === to)[n - 1],
        () =>
          `no mail ${n} to ${to} among ${arrived.all.map((mail) => `${mail.to}: ${mail.subject}`).join('; ')}`,
      ),
    refuse: (how) => {
      refusing = how;
    },
    refused: () => refused,
    stop: () => new Promise((stopped) => server.close(() => stopped())),
  };
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function parsed(to: string, raw: Buffer): Promise<Received> {
  const mail = await simpleParser(raw);
  return {
    to,
    messageId: mail.messageId ?? '',
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html || '',
    header: (name) => {
      const { line = '' } = mail.headerLines.find(({ key }) => key === name.toLowerCase()) ?? {};
      return line.replace(/^[^:]+:\s*/, '').replace(/\r?\n\s+/g, ' ');
    },
    raw: raw.toString(),
  };
}

/** The token of the link in a mail. */
export function tokenIn({ text }: Received): string {
  const token = /[#?]token=([\w.-]+)/.exec(text)?.[1];
  if (token === undefined) throw new Error(`no token in ${text}`);
  return token;
}
