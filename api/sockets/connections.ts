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
type Packet = { data?: string | Buffer };

/** Returns the bytes that wait for a client, in engine.io's queue and in the WebSocket's. */
function unsentBytes(connection: Connection): number {
  // Brackets, because the field is private.
  const packets: Packet[] = connection['writeBuffer'];
  const queued = packets.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  return queued + (boundedSocket(connection)?.bufferedAmount ?? 0);
}

/** Returns the WebSocket of a connection; undefined while it polls. */
export function boundedSocket({ transport }: Connection): BoundedSocket | undefined {
  if (!('socket' in transport)) return undefined;
  return transport.socket instanceof BoundedSocket ? transport.socket : undefined;
}

/** Ends a connection at once. A closing handshake would wait for the client. */
export function cut(connection: Connection): void {
  boundedSocket(connection)?.terminate();
}

/** Returns all connections of this process, also those before sign-in. */
export function connectionsOf(io: Server): Connection[] {
  return Object.values(io.engine['clients']);
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
