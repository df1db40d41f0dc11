import type { Server, Socket } from 'socket.io';
import { presentProblem, problem } from '../../shared/base/errors.ts';
import type { Signed } from '../../shared/accounts/authenticate.ts';
import { BoundedSocket } from './bounded.ts';
import type { serverEvents } from './contract.ts';

/** A signed-in connection of either kind, for the watch. */
export type Watched = {
  signed: Signed;
  /** Bytes that the client has not taken yet. */
  unsent: () => number;
  /** Ends it at once. */
  cut: () => void;
  /** Closes it for good. */
  signOut: () => void;
  /** Closes it so that its client dials again and signs in again. */
  redial: () => void;
  /** Sends `token_expired`, then closes it so that its client dials again. */
  expire: () => void;
};

export type Connection = Socket['conn'];
/** Private fields of engine.io and ws. */
type Insides = {
  writeBuffer: { data?: string | Buffer }[];
  transport: { socket?: { bufferedAmount: number; terminate: () => void } };
};

/** Returns the bytes that wait for a client, in engine.io's queue and in the WebSocket's. */
function unsentBytes(connection: Connection): number {
  const { writeBuffer, transport } = connection as unknown as Insides;
  const queued = writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  return queued + (transport.socket?.bufferedAmount ?? 0);
}

export function boundedSocket(connection: Connection): BoundedSocket | undefined {
  const { socket } = (connection as unknown as Insides).transport;
  return socket instanceof BoundedSocket ? socket : undefined;
}

/** Ends a connection at once. A closing handshake would wait for the client. */
export function cut(connection: Connection): void {
  (connection as unknown as Insides).transport.socket?.terminate();
}

/** Returns all connections of this process, also those before sign-in. */
export function connectionsOf(io: Server): Connection[] {
  const { clients } = io.engine as unknown as { clients: Record<string, Connection> };
  return Object.values(clients);
}

export function watchedSockets(io: Server): Watched[] {
  return Array.from(io.of('/').sockets.values(), (socket) => new WatchedSocket(socket));
}

/** A class, because the watch makes one for each socket at each look: functions of its own would be garbage by the megabyte. */
class WatchedSocket implements Watched {
  readonly #socket: Socket;
  constructor(socket: Socket) {
    this.#socket = socket;
  }
  get signed(): Signed {
    return this.#socket.data as Signed;
  }
  unsent(): number {
    return unsentBytes(this.#socket.conn);
  }
  cut(): void {
    cut(this.#socket.conn);
  }
  signOut(): void {
    this.#socket.disconnect(true);
  }
  redial(): void {
    this.#socket.conn.close();
  }
  expire(): void {
    this.#socket.emit(EXPIRED, presentProblem(problem('token_expired'), '/socket.io'));
    this.#socket.conn.close();
  }
}

const EXPIRED = 'token_expired' satisfies keyof typeof serverEvents;
