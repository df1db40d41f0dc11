import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { createInterface } from 'node:readline';

/** A mailbox that is read by POP3, as its server keeps it. */
export type Maildrop = {
  url: string;
  /** The mails that are left. */
  mails: string[];
  /** Each command but those of the sign-in. */
  commands: string[];
  /** Whether another program has the mailbox. */
  inUse: boolean;
  stop: () => Promise<void>;
};

const [USER, PASSWORD] = ['returns', 'p@ss'];

/** Starts a mailbox on a socket. @param tls with a certificate: by TLS from the start */
export async function startMaildrop(tls?: TlsOptions): Promise<Maildrop> {
  const drop: Maildrop = { url: '', mails: [], commands: [], inUse: false, stop: async () => {} };
  const sockets = new Set<Socket>();
  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    converse(socket, drop);
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const scheme = tls === undefined ? 'pop3' : 'pop3s';
  drop.url = `${scheme}://${USER}:${encodeURIComponent(PASSWORD)}@localhost:${port}`;
  drop.stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((stopped) => server.close(stopped));
  };
  return drop;
}

/** Returns the identifier of a mail. */
export function uidOf(mail: string): string {
  return `uid-${mail.length}-${mail.slice(0, 20).replace(/\W/g, '')}`;
}

function converse(socket: Socket, drop: Maildrop): void {
  const say = (...lines: string[]) => socket.write(lines.map((line) => `${line}\r\n`).join(''));
  const mails = [...drop.mails];
  const deleted = new Set<string>();
  const listed = (of: (mail: string, i: number) => string) => say('+OK', ...mails.map(of), '.');
  let user = '';
  say('+OK ready');
  // It passes on what goes wrong with its socket.
  const reader = createInterface(socket).on('error', () => {});
  reader.on('line', (line) => {
    const [command = '', what = ''] = line.split(' ');
    if (command !== 'USER' && command !== 'PASS') drop.commands.push(line);
    const mail = mails[Number(what) - 1] ?? '';
    if (command === 'USER') user = what;
    const signedIn = user === USER && (command !== 'PASS' || what === PASSWORD);
    if (!signedIn) say('-ERR no such user ann@example.org');
    else if (command === 'PASS' && drop.inUse) say('-ERR [IN-USE] locked');
    else if (command === 'LIST') listed((one, i) => `${i + 1} ${one.length}`);
    else if (command === 'UIDL') listed((one, i) => `${i + 1} ${uidOf(one)}`);
    else if (command === 'RETR') say('+OK', ...mail.split('\n').map((one) => one.replace(/^\./, '..')), '.');
    else if (command === 'DELE') {
      deleted.add(mail);
      say('+OK');
    } else if (command === 'QUIT') {
      drop.mails = drop.mails.filter((one) => !deleted.has(one));
      socket.end('+OK\r\n');
    } else say('+OK');
  });
}

/** Returns a report on a mail of a machine or a person, as a mail server writes it (RFC 3464). */
export function reportOn(
  messageId: string,
  { action = 'failed', status = '5.1.1', automatic = true } = {},
): string {
  return `From: MAILER-DAEMON@mail.example.org
Subject: Undelivered mail ${action} ${status} ${messageId}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="=_report"

--=_report
Content-Type: text/plain; charset=us-ascii

.I could not deliver your mail.

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; ann@example.org
Action: ${action}
Status: ${status}
Diagnostic-Code: smtp; 550 no such user

--=_report
Content-Type: message/rfc822

From: parley@example.org
Message-ID: ${messageId}${automatic ? '\nAuto-Submitted: auto-generated' : ''}
Subject: whatever it was

Hello

--=_report--
`;
}
