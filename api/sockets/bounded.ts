import type { IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws';
import { env } from '../../shared/base/env.ts';
import { problem } from '../../shared/base/errors.ts';
import { logFew } from '../../shared/ops/fewLines.ts';
import { log } from '../../shared/base/log.ts';
import { rateLimited } from '../../shared/ops/metrics.ts';
import { Bucket, Buckets } from '../../shared/limits/buckets.ts';
import { networkOf } from '../../shared/limits/network.ts';
import { addressOf } from '../middleware/address.ts';

/** Packets that a connection may send before it signed in, and all such connections of a network. A client sends one. */
const ANONYMOUS = { burst: 20, perSecond: 5 };
const ANONYMOUS_NETWORK = new Buckets({ burst: 1_000, perSecond: 50 });
/**
 * The same once it signed in: a device that was away may have a lot to say. Frames of a plain WebSocket are taken one after
 * the other, so more of them hold nobody up. And for all connections of its user on this replica.
 */
const SIGNED = { events: { burst: 3_000, perSecond: 100 }, frames: { burst: 6_000, perSecond: 100 } };
const SIGNED_USER = new Buckets({ burst: 12_000, perSecond: 200 });
/** So many bytes more cost as much as one more packet. */
const BYTES = 4_096;
/** Sockets that a network may dial. After a restart of `web` all of an office come back at once. */
const DIALS = new Buckets({
  burst: env.SOCKET_DIALS_PER_MINUTE,
  perSecond: env.SOCKET_DIALS_PER_MINUTE / 60,
});

/** Close code of a policy that was broken; and how long the client has to read it. */
const [POLICY, READ_WITHIN_MS] = [1008, 200];
/** What ws hands over for each frame: all but the closing one, which ends everything. */
const FRAMES: (string | symbol)[] = ['message', 'ping', 'pong'];

/**
 * A server's side of a WebSocket that hands no more frames over than its client may send. It counts below every parser,
 * so that a frame that is refused costs nothing but its reading. A client that sends more is closed.
 */
export class BoundedSocket extends WebSocket {
  #buckets: Bucket[] = [new Bucket(ANONYMOUS)];
  #whose = 'nobody';
  #closed = false;

  /** Counts for the network that a request came from, until it signs in. */
  from(request: IncomingMessage): void {
    const network = networkOf(addressOf(request));
    this.#whose = `address:${network}`;
    this.#buckets = [new Bucket(ANONYMOUS), ANONYMOUS_NETWORK.of(network)];
  }

  /** Counts for a user from now on. */
  signedIn(userId: number, sends: keyof typeof SIGNED): void {
    this.#whose = `user:${userId}`;
    this.#buckets = [new Bucket(SIGNED[sends]), SIGNED_USER.of(userId)];
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (FRAMES.includes(event) && !this.#admits(args[0])) return false;
    return super.emit(event, ...args);
  }

  #admits(payload: unknown): boolean {
    if (this.#closed) return false;
    const bytes = Buffer.isBuffer(payload) ? payload.length : 0;
    const cost = 1 + Math.floor(bytes / BYTES);
    if (this.#buckets.every((bucket) => bucket.take(cost))) return true;
    this.#cut();
    return false;
  }

  #cut(): void {
    this.#closed = true;
    rateLimited.inc({ limit: 'packets' });
    logFew(this.#whose, () => log.info('socket closed: it sent too many packets'));
    this.close(POLICY, 'rate_limited');
    // What else it sent stays in the network.
    this.pause();
    setTimeout(() => this.terminate(), READ_WITHIN_MS).unref();
  }
}

/** The server of WebSockets that engine.io is to use. */
export class BoundedEngine extends WebSocketServer<typeof BoundedSocket> {
  constructor(options: ServerOptions<typeof BoundedSocket>) {
    super({ ...options, WebSocket: BoundedSocket });
  }
}

/** Counts a request for a socket. Throws `rate_limited` where its network dials too often. */
export function countDial(request: IncomingMessage): void {
  if (DIALS.of(networkOf(addressOf(request))).take()) return;
  rateLimited.inc({ limit: 'address-dials' });
  throw problem('rate_limited', 'Too many connections from this address: wait', { retryAfterS: 1 });
}
