import { io, type ManagerOptions, type Socket } from 'socket.io-client';
import { isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import { RUN_EVENTS } from '../../web/sdk/events.ts';
import { deltas, newestAttempt } from '../../web/sdk/view.ts';

const CONNECT_MS = 5_000;
const ACK_MS = 10_000;
const EVENT_MS = 30_000;
/** Minimum ms between two connections; up to ten times as long. */
const PAUSE_MS = 50;

export type Refusal = { code: string; status: number; detail?: string; title?: string };
type Options = {
  /** Returns the URL; called before each connection. */
  url: () => string;
  token: () => string;
  /** Reconnects after the server refuses or ends the connection. Closes a connection that does not answer. */
  persistent?: boolean;
  /** Called with each event of a run, before it is recorded. */
  heard?: (event: RunEvent) => void;
  acknowledged?: (event: string, answer: unknown) => void;
  connected?: () => void;
  lost?: () => void;
  /** Called when the server refuses the sign-in. A persistent device reconnects after this resolves. */
  refused?: (refusal: Refusal) => Promise<void> | void;
};

/** Opens a new socket to a server, which may be below a path. */
export function openSocket(
  url: string,
  auth: object | ((send: (auth: object) => void) => void),
  more: Partial<ManagerOptions> = {},
): Socket {
  // `io` would take a path in the address as a namespace.
  const { origin, pathname } = new URL(url);
  const path = `${pathname.replace(/\/$/, '')}/socket.io`;
  return io(origin, { path, transports: ['websocket'], forceNew: true, auth, ...more });
}

/** A user's device: a socket that records the events pushed to it. */
export class Device {
  readonly socket: Socket;
  /** All run events, in the order of arrival. */
  readonly events: RunEvent[] = [];
  /** Resolves with the first connection; rejects when that fails. */
  readonly opened: Promise<void>;
  readonly #options: Options;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
    this.socket = openSocket(
      options.url(),
      (send) => send({ token: options.token() }),
      options.persistent
        ? { timeout: CONNECT_MS, reconnectionDelay: 5 * PAUSE_MS, reconnectionDelayMax: 10 * PAUSE_MS }
        : {},
    );
    for (const event of RUN_EVENTS)
      this.socket.on(event, (data: unknown) => this.#hear({ event, data } as RunEvent));
    this.opened = new Promise((connected, refused) => {
      this.socket.once('connect', connected);
      this.socket.once('connect_error', refused);
    });
    this.opened.catch(() => {});
    this.socket.on('connect', () => options.connected?.());
    if (options.persistent) this.#persist();
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  /** Returns the events of one run's newest attempt, in the order of seq and without doubles. */
  shown(runId: number): RunEvent[] {
    return newestAttempt(this.events.filter(({ data }) => data.run_id === runId));
  }

  /** Returns the deltas of one run's newest attempt, joined. */
  text(runId: number): string {
    return deltas(this.shown(runId));
  }

  /** Resolves with the first event that fits, recorded or new; rejects after 30 s. */
  until(what: string, fits: (event: RunEvent) => boolean): Promise<RunEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(undefined), EVENT_MS);
      const look = () => {
        const found = this.events.find(fits);
        if (found) done(found);
      };
      const done = (found: RunEvent | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        if (found) resolve(found);
        else reject(new Error(`no ${what} among ${JSON.stringify(this.events.slice(-5))}`));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves with the terminal event of a run. */
  ended(runId: number): Promise<RunEvent> {
    return this.until(`end of run ${runId}`, (event) => event.data.run_id === runId && isTerminal(event));
  }

  /** Emits a client event and resolves with its acknowledgement. */
  async ask(event: string, payload: unknown, withinMs = ACK_MS): Promise<Record<string, unknown>> {
    const { persistent, acknowledged } = this.#options;
    if (persistent && !this.connected) throw new Error('not connected');
    try {
      const answer: unknown = await this.socket.timeout(withinMs).emitWithAck(event, payload);
      acknowledged?.(event, answer);
      return answer as Record<string, unknown>;
    } catch (err) {
      if (persistent) this.cut();
      throw err;
    }
  }

  /** Closes the connection. The device opens a new one. */
  cut(): void {
    if (this.connected) this.socket.io.engine?.close();
  }

  close(): void {
    this.#closed = true;
    this.socket.disconnect();
  }

  #hear(event: RunEvent): void {
    this.#options.heard?.(event);
    this.events.push(event);
    for (const look of this.#waiting) look();
  }

  #persist(): void {
    const { url, lost, refused } = this.#options;
    const goTo = () => void Reflect.set(this.socket.io, 'uri', new URL(url()).origin);
    const comeBack = () => {
      if (this.#closed) return;
      // The connection to the replica that refused may still be open.
      this.socket.disconnect();
      goTo();
      this.socket.connect();
    };
    const later = () => setTimeout(comeBack, PAUSE_MS * (1 + 9 * Math.random()));
    this.socket.io.on('reconnect_attempt', goTo);
    this.socket.on('disconnect', () => {
      if (this.#closed) return;
      lost?.();
      if (!this.socket.active) later();
    });
    this.socket.on('connect_error', (err: Error & { data?: Refusal }) => {
      // Without an answer, the socket reconnects by itself.
      if (this.socket.active) return;
      void Promise.resolve(err.data && refused?.(err.data)).then(later, () => this.close());
    });
  }
}
