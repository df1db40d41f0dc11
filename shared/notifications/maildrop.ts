import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { stopping } from '../base/stop.ts';

/** Why a mailbox was not read. Holds no text of the server, which may hold an address. */
export class MaildropError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`the mailbox was not read: ${code}`);
    this.name = 'MaildropError';
    this.code = code;
  }

  /** The cause in words for operators, with the code; the code alone where no words are known. */
  get why(): string {
    const said = WHY[this.code];
    return said === undefined ? this.code : `${said} (${this.code})`;
  }
}
const WHY: Record<string, string> = {
  ECONNREFUSED: 'nothing answers there',
  ENOTFOUND: 'host name not found',
  ETIMEDOUT: 'timeout',
  refused: 'no POP3 server, or one without room',
  'too soon': 'the server lets the same user in only after a while',
  'user refused': 'wrong user',
  'pass refused': 'wrong user or password, or another program reads the mailbox',
};

/** Ms that the server may be silent. */
const SILENT_MS = 10_000;
/** Characters of a mail, and mails of a visit, that are read at most. */
const [LONGEST, MOST] = [262_144, 200];
/** Characters of a list of mails: some hundred thousand mails. */
const LONGEST_LIST = 8_388_608;

/**
 * Reads the mails of a mailbox by POP3 (RFC 1939). Ends after the present mail when the process stops.
 * @param url pop3s://user:password@host, or pop3:// without TLS
 * @param known identifiers of mails that were read before and stay: they are passed over. Those that stay now are added, and
 * those that are not there any more removed
 * @param take gets a mail; whether the server may delete it
 * @throws MaildropError
 */
export async function readMaildrop(
  url: URL,
  known: Set<string>,
  take: (mail: string) => Promise<boolean>,
): Promise<void> {
  await visit(url, async (server) => {
    const sizes = new Map((await server.askForLines('LIST', LONGEST_LIST)).map(pairOf));
    const mails = (await server.askForLines('UIDL', LONGEST_LIST)).map(pairOf);
    const there = new Set(mails.map(([, uid]) => uid));
    for (const uid of known) if (!there.has(uid)) known.delete(uid);
    for (const [number, uid] of mails.filter(([, uid]) => !known.has(uid)).slice(0, MOST)) {
      if (stopping()) break;
      const short = Number(sizes.get(number) ?? Infinity) <= LONGEST;
      const taken = short && (await take((await server.askForLines(`RETR ${number}`)).join('\n')));
      if (taken) await server.ask(`DELE ${number}`);
      else known.add(uid);
    }
  });
}

/** Signs in to a mailbox and leaves it as it is. @throws MaildropError */
export function tryMaildrop(url: URL): Promise<void> {
  return visit(url, async () => {});
}

async function visit(url: URL, work: (server: Server) => Promise<void>): Promise<void> {
  const socket = connectTo(url);
  try {
    const server = new Server(socket);
    await server.greeted();
    await server.ask(`USER ${decodeURIComponent(url.username)}`);
    await server.ask(`PASS ${decodeURIComponent(url.password)}`);
    await work(server);
    await server.ask('QUIT');
  } finally {
    socket.destroy();
  }
}

function connectTo({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = protocol === 'pop3s:';
  const at = { host, port: Number(port) || (secure ? 995 : 110) };
  // The name of a server must be a host name, not an address (RFC 6066).
  return secure ? connectTls({ ...at, ...(isIP(host) === 0 && { servername: host }) }) : connectPlain(at);
}

function pairOf(line: string): [string, string] {
  const [first = '', second = ''] = line.split(' ');
  return [first, second];
}

/** The other end of a socket, which answers line by line. */
class Server {
  readonly #socket: Socket;
  readonly #lines: AsyncGenerator<string>;
  #code = 'closed';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setTimeout(SILENT_MS, () => socket.destroy(new MaildropError('ETIMEDOUT')));
    this.#lines = linesOf(socket);
  }

  /** Reads the answer to the connection itself. */
  async greeted(): Promise<void> {
    if (!(await this.#line()).startsWith('+OK')) throw new MaildropError('refused');
  }

  /** Sends a command. @throws MaildropError where the server refuses it, with the command's name */
  async ask(command: string): Promise<void> {
    if (/[\r\n]/.test(command)) throw new MaildropError('EINVAL');
    this.#socket.write(`${command}\r\n`);
    const answer = await this.#line();
    // RFC 2449: a mailbox lets one client in at a time, which it says after the password alone, and some not so soon again.
    if (/^-ERR \[IN-USE\]/i.test(answer)) throw new MaildropError('in use');
    if (/^-ERR \[LOGIN-DELAY\]/i.test(answer)) throw new MaildropError('too soon');
    if (!answer.startsWith('+OK')) throw new MaildropError(`${command.split(' ')[0]?.toLowerCase()} refused`);
  }

  /** Sends a command whose answer is lines up to a dot: so many characters at most. */
  async askForLines(command: string, longest = 2 * LONGEST): Promise<string[]> {
    await this.ask(command);
    const lines: string[] = [];
    for (let size = 0; ; ) {
      const line = await this.#line();
      if (line === '.') return lines;
      lines.push(line.startsWith('.') ? line.slice(1) : line);
      size += line.length + 1;
      if (size > longest) throw new MaildropError('too long');
    }
  }

  async #line(): Promise<string> {
    try {
      const { value, done } = await this.#lines.next();
      if (done !== true) return value;
    } catch (err) {
      if (err instanceof MaildropError) throw err;
      this.#code = (err as { code?: string }).code ?? 'failed';
    }
    throw new MaildropError(this.#code);
  }
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString('latin1')).split(/\r?\n/);
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST) throw new MaildropError('too long');
    yield* lines;
  }
}
