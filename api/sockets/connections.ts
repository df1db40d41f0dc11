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
  return [...io.of('/').sockets.values()].map((socket) => ({
    signed: socket.data as Signed,
    unsent: () => unsentBytes(socket.conn),
    cut: () => cut(socket.conn),
    signOut: () => socket.disconnect(true),
    redial: () => socket.conn.close(),
    expire: () => {
      socket.emit(EXPIRED, presentProblem(problem('token_expired'), '/socket.io'));
      socket.conn.close();
    },
  }));
}

const EXPIRED = 'token_expired' satisfies keyof typeof serverEvents;
