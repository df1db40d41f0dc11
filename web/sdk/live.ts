import { io, type Socket } from 'socket.io-client';
import { RUN_EVENTS, type RunEvent } from './events.ts';
import { Unreachable } from './http.ts';
import type { Resumed } from './runs.ts';
import type { Session } from './session.ts';

/** `streams`: the server answers, but no socket connects. `offline`: it does not answer. */
export type LiveState = 'connecting' | 'live' | 'streams' | 'offline';
type Ways = {
  base: string;
  session: Session;
  run: (event: RunEvent) => void;
  /** Called for every other event. */
  heard: (event: string, data: unknown) => void;
  /** Called after each connection. */
  connected: () => void;
  changed: (state: LiveState) => void;
};

const ACK_MS = 10_000;
/** Failed connections after which runs are read as streams. A proxy may let no WebSocket through. */
const TRIES = 2;
const SIGNED_OUT = ['unauthenticated', 'token_expired', 'forbidden'];

/** The user's socket: it connects again by itself, with a fresh token. */
export class Live {
  state: LiveState = 'connecting';
  readonly #ways: Ways;
  readonly #socket: Socket;
  #failed = 0;

  constructor(ways: Ways) {
    this.#ways = ways;
    const { origin, pathname } = new URL(ways.base);
    this.#socket = io(origin, {
      path: `${pathname.replace(/\/$/, '')}/socket.io`,
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 5_000,
      auth: (send) => {
        ways.session.token().then(
          (token) => send({ token }),
          () => send({}),
        );
      },
    });
    for (const event of RUN_EVENTS)
      this.#socket.on(event, (data: unknown) => ways.run({ event, data } as RunEvent));
    this.#socket.onAny((event: string, data: unknown) => {
      if (!(RUN_EVENTS as string[]).includes(event)) ways.heard(event, data);
    });
    this.#socket.on('connect', () => {
      this.#failed = 0;
      this.#be('live');
      ways.connected();
    });
    this.#socket.on('disconnect', (reason) => {
      this.#be('connecting');
      // The server ended the sign-in, or this socket's.
      if (reason === 'io server disconnect') void this.#again();
    });
    this.#socket.on('connect_error', (err: Error & { data?: { code: string } }) => {
      this.#failed += 1;
      if (this.#failed >= TRIES) void this.#look();
      const { code } = err.data ?? {};
      if (code !== undefined) void this.#again(SIGNED_OUT.includes(code));
    });
  }

  /** Asks for the events of a run after a seq. @throws Unreachable */
  async resume(runId: number, afterSeq: number): Promise<Resumed> {
    const answer = (await this.#ask('resume', { run_id: runId, after_seq: afterSeq })) as
      | (Resumed & { ok: true })
      | { ok: false; error: { code: string } };
    // A run that is not there has nothing to show.
    if (answer.ok) return answer;
    if (answer.error.code === 'not_found') return { events: [], done: true };
    throw new Unreachable(answer.error);
  }

  /** Emits an event that needs no answer. Without a connection it does nothing. */
  say(event: string, payload: object): void {
    if (this.#socket.connected) this.#socket.emit(event, payload, () => {});
  }

  /** Connects at once instead of at the end of a pause: the network is back. */
  hurry(): void {
    if (!this.#socket.connected) this.#socket.disconnect().connect();
  }

  close(): void {
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  async #ask(event: string, payload: object): Promise<unknown> {
    if (!this.#socket.connected) throw new Unreachable('no connection');
    try {
      return await this.#socket.timeout(ACK_MS).emitWithAck(event, payload);
    } catch (cause) {
      throw new Unreachable(cause);
    }
  }

  async #look(): Promise<void> {
    const state = (await isReachable(this.#ways.base)) ? 'streams' : 'offline';
    if (!this.#socket.connected) this.#be(state);
  }

  /** Connects after a refusal, which the socket does not do by itself. */
  async #again(refresh = true): Promise<void> {
    try {
      if (refresh) await this.#ways.session.refresh();
    } catch {
      if (this.#ways.session.state === 'out') return;
    }
    const pause = Math.min(300 * 2 ** this.#failed, 10_000);
    setTimeout(() => {
      if (this.#ways.session.state === 'in') this.#socket.connect();
    }, pause);
  }

  #be(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.#ways.changed(state);
  }
}

/**
 * Returns whether the server answers, and not a proxy that does not reach it. A browser that says it is online may still not
 * reach it.
 */
async function isReachable(base: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ACK_MS);
    return (await fetch(`${base}/livez`, { cache: 'no-store', signal })).status < 500;
  } catch {
    return false;
  }
}
