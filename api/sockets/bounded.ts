import type { IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws';
import { env } from '../../shared/base/env.ts';
import { problem } from '../../shared/base/errors.ts';
import { logFew } from '../../shared/ops/fewLines.ts';
import { log } from '../../shared/base/log.ts';
import { rateLimited } from '../../shared/ops/metrics.ts';
import { Bucket, Buckets } from '../../shared/limits/buckets.ts';
import { networkOf } from '../../shared/limits/charge.ts';
import { addressOf } from '../middleware/address.ts';
import { BODY_LIMIT } from '../middleware/body.ts';

/** This many bytes cost as much as one more packet. */
const BYTES = 4_096;
/**
 * Packets before sign-in: of one connection, and of all such connections of a network. A client needs one, whatever its length:
 * a token that is too long gets its refusal.
 */
const ANONYMOUS = { burst: 20 + BODY_LIMIT / BYTES, perSecond: 5 };
const ANONYMOUS_NETWORK = new Buckets({ burst: 1_000, perSecond: 50 });
/**
 * Packets after sign-in: of one connection, and of all connections of its user on this replica. A device that was away
 * may have much to send. Frames of a plain WebSocket are taken one by one, so more of them delay nobody else.
 */
const SIGNED = { events: { burst: 3_000, perSecond: 100 }, frames: { burst: 6_000, perSecond: 100 } };
const SIGNED_USER = new Buckets({ burst: 12_000, perSecond: 200 });
/** Sockets that a network may dial. After a restart of `web` a whole office comes back at once. */
const DIALS = new Buckets({
  burst: env.SOCKET_DIALS_PER_MINUTE,
  perSecond: env.SOCKET_DIALS_PER_MINUTE / 60,
});

/** The close code for a broken policy, and how long the client has to read it. */
const [POLICY, READ_WITHIN_MS] = [1008, 200];
/** The events that ws emits for a frame, except for the closing frame. */
const FRAMES: (string | symbol)[] = ['message', 'ping', 'pong'];

/**
 * The server's side of a WebSocket, which closes a client that sends too many frames. It counts below every parser, so a
 * refused frame costs only its reading.
 */
export class BoundedSocket extends WebSocket {
  #buckets: Bucket[] = [new Bucket(ANONYMOUS)];
  #whose = 'nobody';
  #closed = false;
  /** The client's address. */
  address = '';

  /** Whether it is closed, and emits no further 'close'. */
  get destroyed(): boolean {
    return this.readyState === WebSocket.CLOSED;
  }

  /** Counts for the network of a request, until sign-in. */
  from(request: IncomingMessage): void {
    this.address = addressOf(request);
    const network = networkOf(this.address);
    this.#whose = `address:${network}`;
    this.#buckets = [new Bucket(ANONYMOUS), ANONYMOUS_NETWORK.of(network)];
  }

  /** Counts for a user after sign-in. */
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
    logFew(this.#whose, () => log.info('Socket sent too many packets; it is closed'));
    this.close(POLICY, 'rate_limited');
    // The rest of what it sent stays unread.
    this.pause();
    setTimeout(() => this.terminate(), READ_WITHIN_MS).unref();
  }
}

export class BoundedEngine extends WebSocketServer<typeof BoundedSocket> {
  constructor(options: ServerOptions<typeof BoundedSocket>) {
    super({ ...options, WebSocket: BoundedSocket });
  }
}

/** Counts a request for a socket. @throws Problem `rate_limited` if its network dials too often */
export function countDial(request: IncomingMessage): void {
  if (DIALS.of(networkOf(addressOf(request))).take()) return;
  rateLimited.inc({ limit: 'address-dials' });
  throw problem('rate_limited', 'Too many new connections from this address: wait', { retryAfterS: 1 });
}
