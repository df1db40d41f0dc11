/**
 * Serves one PGlite, which has a single session, to many PostgreSQL clients.
 *
 * A client's messages are collected until a Sync, Query or Flush asks for an answer, and run as one batch.
 * Batches of different clients never interleave. A client inside a transaction, or before its Sync, keeps the
 * turn; the others wait. All clients share ONE session: no SET, no LISTEN. A number before the names of prepared
 * statements keeps those of each client apart. When a client disconnects, its statements are closed, and settings that it
 * has made all the same, as pg_dump does, are reset.
 */
import net from 'node:net';
import type { PGlite } from '@electric-sql/pglite';

/** How long a client may hold the turn in silence before it is cut off: it blocks all others. */
const IDLE_IN_TURN_MS = 10_000;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const PROTOCOL_3 = 196_608;
/** Query, Sync, Flush, FunctionCall: the messages after which a client waits for an answer. */
const ENDS_BATCH = new Set(['Q', 'S', 'H', 'F']);

type Client = {
  socket: net.Socket;
  number: number;
  /** The names of its prepared statements in PGlite. */
  statements: Set<string>;
  started: boolean;
  rest: Buffer;
  /** The messages of an incomplete batch. */
  open: Buffer[];
  batches: Buffer[];
};

/** Listens on 127.0.0.1 (`port` 0: any free port) and resolves to the listening server. */
export async function servePostgres(db: PGlite, port: number): Promise<net.Server> {
  const greeting = await makeGreeting(db);
  const clients = new Set<Client>();
  let turn: Client | undefined;
  let connected = 0;
  const forgotten: Buffer[] = [];
  let running = false;
  let idle: NodeJS.Timeout | undefined;

  const server = net.createServer((socket) => {
    const client: Client = {
      socket,
      number: ++connected,
      statements: new Set(),
      started: false,
      rest: Buffer.alloc(0),
      open: [],
      batches: [],
    };
    clients.add(client);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      receive(client, chunk, greeting);
      void run();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clients.delete(client);
      if (client.started) forgotten.push(message('Q', text('RESET ALL')));
      if (client.statements.size > 0) forgotten.push(closing(client.statements));
      void run();
    });
  });

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    for (;;) {
      if (turn && !clients.has(turn)) turn = await rollBack(db);
      if (!turn) await forget(db, forgotten.splice(0));
      const client = turn ?? next(clients);
      const batch = client?.batches.shift();
      if (!client || !batch) break;
      clearTimeout(idle);
      // Moves the served client to the end of the line.
      if (clients.delete(client)) clients.add(client);
      turn = (await execute(db, client, batch)) ? client : undefined;
    }
    clearTimeout(idle);
    if (turn) idle = setTimeout(cutOff, IDLE_IN_TURN_MS, turn);
    running = false;
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

/** Splits received bytes into messages and batches; answers start-up packets itself. */
function receive(client: Client, chunk: Buffer, greeting: Buffer): void {
  let data = client.rest.length > 0 ? Buffer.concat([client.rest, chunk]) : chunk;
  for (;;) {
    const header = client.started ? 1 : 0;
    if (data.length < header + 4) break;
    const end = header + data.readInt32BE(header);
    if (end < header + 4) return void client.socket.destroy();
    if (data.length < end) break;
    const message = data.subarray(0, end);
    data = data.subarray(end);
    if (!client.started) startUp(client, message, greeting);
    else if (message[0] === 0x58 /* X: Terminate */) return void client.socket.end();
    else collect(client, message);
  }
  client.rest = Buffer.from(data);
}

function startUp(client: Client, message: Buffer, greeting: Buffer): void {
  const code = message.length >= 8 ? message.readInt32BE(4) : 0;
  if (code === SSL_REQUEST || code === GSS_REQUEST) return void client.socket.write('N');
  // Closes on a CancelRequest, because no statement here runs long enough, and on nonsense.
  if (code !== PROTOCOL_3) return void client.socket.end();
  client.started = true;
  client.socket.write(greeting);
}

function collect(client: Client, message: Buffer): void {
  // Copies the message: a subarray would keep the whole received chunk alive, and PGlite reads it later.
  client.open.push(withOwnName(client, Buffer.from(message)));
  if (!ENDS_BATCH.has(String.fromCharCode(message[0] ?? 0))) return;
  client.batches.push(Buffer.concat(client.open));
  client.open = [];
}

/** Puts the client's number before the name of a prepared statement; an unnamed one stays unnamed. */
function withOwnName(client: Client, whole: Buffer): Buffer {
  const type = String.fromCharCode(whole[0] ?? 0);
  const at = { P: 5, B: whole.indexOf(0, 5) + 1, D: 6, C: 6 }[type];
  const names = at !== undefined && ((type !== 'D' && type !== 'C') || whole[5] === 0x53); /* S: statement */
  if (!names || whole[at] === 0) return whole;
  const own = `${client.number}_`;
  if (type === 'P') client.statements.add(own + whole.toString('utf8', at, whole.indexOf(0, at)));
  return message(type, Buffer.concat([whole.subarray(5, at), Buffer.from(own), whole.subarray(at)]));
}

async function forget(db: PGlite, batches: Buffer[]): Promise<void> {
  try {
    for (const batch of batches) await db.execProtocolRawStream(batch, { onRawData: () => {} });
  } catch (error) {
    console.error('pglite: could not forget a client that left:', error);
  }
}

/** Returns the messages that make PGlite close prepared statements. */
function closing(statements: Set<string>): Buffer {
  return Buffer.concat([
    ...[...statements].map((name) => message('C', text(`S${name}`))),
    message('S', Buffer.alloc(0)),
  ]);
}

function next(clients: Set<Client>): Client | undefined {
  for (const client of clients) if (client.batches.length > 0) return client;
  return undefined;
}

/** Runs one batch and answers. Returns true when the client keeps the turn. */
async function execute(db: PGlite, client: Client, batch: Buffer): Promise<boolean> {
  const answer: Buffer[] = [];
  try {
    await db.execProtocolRawStream(batch, { onRawData: (bytes) => answer.push(Buffer.from(bytes)) });
  } catch (error) {
    client.socket.end(message('E', fields({ S: 'FATAL', V: 'FATAL', C: 'XX000', M: String(error) })));
    await rollBack(db);
    return false;
  }
  const bytes = Buffer.concat(answer);
  if (bytes.length > 0 && client.socket.writable) client.socket.write(bytes);
  return !endsReady(bytes) || db.isInTransaction();
}

/** Says whether the answer ends in ReadyForQuery (`Z`, length 5, one status byte). */
function endsReady(bytes: Buffer): boolean {
  return bytes.length >= 6 && bytes.at(-6) === 0x5a && bytes.readInt32BE(bytes.length - 5) === 5;
}

/** Ends the work of a client that left: Sync ends its half-sent batch, ROLLBACK its transaction. */
async function rollBack(db: PGlite): Promise<undefined> {
  const onRawData = (): void => {};
  try {
    await db.execProtocolRawStream(message('S', Buffer.alloc(0)), { onRawData });
    if (db.isInTransaction()) await db.execProtocolRawStream(message('Q', text('ROLLBACK')), { onRawData });
  } catch (error) {
    console.error('pglite: could not roll back for a client that left:', error);
  }
}

function cutOff(client: Client): void {
  const reason = 'terminating connection due to idle-in-transaction timeout';
  client.socket.end(message('E', fields({ S: 'FATAL', V: 'FATAL', C: '25P03', M: reason })));
  client.socket.destroySoon();
}

async function makeGreeting(db: PGlite): Promise<Buffer> {
  const { rows } = await db.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  const parameters = {
    server_version: rows[0]?.version ?? '0',
    server_encoding: 'UTF8',
    client_encoding: 'UTF8',
    DateStyle: 'ISO, MDY',
    TimeZone: 'UTC',
    integer_datetimes: 'on',
    standard_conforming_strings: 'on',
  };
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...Object.entries(parameters).map(([name, value]) => message('S', text(name, value))),
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I')),
  ]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function text(...strings: string[]): Buffer {
  return Buffer.from(`${strings.join('\0')}\0`);
}

function fields(values: Record<string, string>): Buffer {
  return text(...Object.entries(values).map(([key, value]) => key + value), '');
}
