import { io, type Socket } from 'socket.io-client';
import { isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import { checkAcknowledgement, checkEvent } from './openapi.ts';

const RUN_EVENTS = [
  'run.status',
  'response.delta',
  'response.restart',
  'response',
  'run.failed',
  'run.cancelled',
];

/** One of a user's devices: records what it is pushed, and shows what a client that follows the contract would show. */
export type Device = {
  socket: Socket;
  /** All run events, as they came. */
  events: RunEvent[];
  /** Those of one run, of its newest attempt, in the order of seq and without doubles. */
  shown: (runId: number) => RunEvent[];
  /** The deltas of one run's newest attempt, joined. */
  text: (runId: number) => string;
  /** Resolves with the first recorded or coming event that fits; rejects after 30 s. */
  until: (what: string, fits: (event: RunEvent) => boolean) => Promise<RunEvent>;
  /** Resolves with the terminal event of a run. */
  ended: (runId: number) => Promise<RunEvent>;
  /** Emits a client event and resolves with its acknowledgement. */
  ask: (event: string, payload: unknown) => Promise<Record<string, unknown>>;
  close: () => void;
};

/** Connects a socket to a replica; rejects with the problem's code when it is refused. */
export async function connectDevice(url: string, token: string): Promise<Device> {
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true });
  const events: RunEvent[] = [];
  const waiting = new Set<() => void>();
  for (const event of RUN_EVENTS) {
    socket.on(event, (data: unknown) => {
      checkEvent(event, data);
      events.push({ event, data } as RunEvent);
      for (const look of waiting) look();
    });
  }
  await new Promise<void>((connected, refused) => {
    socket.once('connect', connected);
    socket.once('connect_error', refused);
  });

  const until: Device['until'] = (what, fits) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(undefined), 30_000);
      const look = () => {
        const found = events.find(fits);
        if (found) done(found);
      };
      const done = (found: RunEvent | undefined) => {
        clearTimeout(timer);
        waiting.delete(look);
        if (found) resolve(found);
        else reject(new Error(`no ${what} among ${JSON.stringify(events.slice(-5))}`));
      };
      waiting.add(look);
      look();
    });
  const device: Device = {
    socket,
    events,
    shown: (runId) => newestAttempt(events.filter(({ data }) => data.run_id === runId)),
    text: (runId) => deltas(device.shown(runId)),
    until,
    ended: (runId) =>
      until(`end of run ${runId}`, (event) => event.data.run_id === runId && isTerminal(event)),
    async ask(event, payload) {
      const answer: unknown = await socket.timeout(10_000).emitWithAck(event, payload);
      checkAcknowledgement(event, answer);
      return answer as Record<string, unknown>;
    },
    close: () => socket.disconnect(),
  };
  return device;
}

/** What a client shows: the newest attempt, by seq, each number once. */
export function newestAttempt(events: RunEvent[]): RunEvent[] {
  const attempt = Math.max(...events.map(({ data }) => data.attempt));
  const bySeq = new Map(
    events.filter(({ data }) => data.attempt === attempt).map((event) => [event.data.seq, event]),
  );
  return [...bySeq.values()].toSorted((a, b) => a.data.seq - b.data.seq);
}

export function deltas(events: RunEvent[]): string {
  return events.map(({ event, data }) => (event === 'response.delta' ? data.delta : '')).join('');
}
