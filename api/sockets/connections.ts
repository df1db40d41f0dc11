import type { Server, Socket } from 'socket.io';
import { presentProblem, problem } from '../../shared/base/errors.ts';
import type { Signed } from '../../shared/accounts/authenticate.ts';
import { BoundedSocket } from './bounded.ts';
import type { serverEvents } from './contract.ts';

/** A signed-in connection of any kind, as the watch sees it. */
export type Watched = {
  signed: Signed;
  /** Bytes that it has not taken yet. */
  unsent: () => number;
  /** Ends it at once. */
  cut: () => void;
  /** Ends it politely, for good. */
  signOut: () => void;
  /** Ends it so that its client comes again and is asked anew who it is. */
  redial: () => void;
  /** The same because its token has run out, which it says first. */
  expire: () => void;
};

export type Connection = Socket['conn'];
/** What engine.io and ws keep to themselves. */
type Insides = {
  writeBuffer: { data?: string | Buffer }[];
  transport: { socket?: { bufferedAmount: number; terminate: () => void } };
};

/** Bytes that wait for a client to take them: in engine.io's queue, and in the WebSocket's below it. */
function unsentBytes(connection: Connection): number {
  const { writeBuffer, transport } = connection as unknown as Insides;
  const queued = writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  return queued + (transport.socket?.bufferedAmount ?? 0);
}

/** The WebSocket below a connection. */
export function boundedSocket(connection: Connection): BoundedSocket | undefined {
  const { socket } = (connection as unknown as Insides).transport;
  return socket instanceof BoundedSocket ? socket : undefined;
}

/** Ends a connection at once; closing politely would wait for the client. */
export function cut(connection: Connection): void {
  (connection as unknown as Insides).transport.socket?.terminate();
}

/** All connections of this process, those included that have not signed in yet. */
export function connectionsOf(io: Server): Connection[] {
  const { clients } = io.engine as unknown as { clients: Record<string, Connection> };
  return Object.values(clients);
}

/** All signed-in sockets of Socket.IO. */
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
