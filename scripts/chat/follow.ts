import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { type End, type RunEvent, RunView, TERMINAL } from './view.ts';

export type Question = { content: string; idempotency_key: string; conversation_id?: number };

type Refusal = { ok: false; error: { code: string; detail?: string; title?: string } };
type Sent = { ok: true; replayed?: boolean; run_id: number; conversation_id: number };
type Resumed = { ok: true; events: { event: string; data: RunEvent }[]; done: boolean; reset?: boolean };

const EVENTS = ['run.status', 'response.delta', 'response.restart', ...TERMINAL];
const ACK_MS = 10_000;
const PATIENCE_MS = 60_000;

/**
 * Sends a message and follows its run to the end, across lost connections, server restarts and new attempts.
 * @param signIn returns a fresh access token
 * @param onText gets the whole text so far, at each change
 * @param interrupt cancels the run when aborted
 * @returns the terminal event and the whole text
 * @throws when the server refuses the message, or nothing answers for a minute
 */
export async function follow(
  url: string,
  question: Question,
  signIn: () => Promise<string>,
  onText: (text: string) => void,
  interrupt: AbortSignal,
): Promise<End> {
  let token = await signIn();
  // `io` would read a path in the address as a namespace.
  const { origin, pathname } = new URL(url);
  const socket = io(origin, {
    path: `${pathname.replace(/\/$/, '')}/socket.io`,
    transports: ['websocket'],
    auth: (send) => send({ token }),
    reconnectionDelayMax: 2000,
  });
  const view = new RunView();
  const early: [string, RunEvent][] = []; // events that came before the run's id
  let runId: number | undefined;
  let syncing = false;
  let again = false;
  let over = false;
  let giveUp: NodeJS.Timeout | undefined;

  try {
    const end = await new Promise<End>((resolve, reject) => {
      const waitForServer = () => {
        clearTimeout(giveUp);
        giveUp = setTimeout(() => reject(new Error(`${url} did not answer for a minute`)), PATIENCE_MS);
      };
      /** Sends the message until it is acknowledged, then fetches missed events. One call runs at a time. */
      const sync = async () => {
        again = syncing;
        if (syncing || view.ended) return;
        syncing = true;
        await (runId === undefined ? send() : resume()).catch(retryLater);
        syncing = false;
        if (again) void sync();
      };
      const send = async () => {
        const sent = await ask<Sent>(socket, 'message', { type: 'message', ...question });
        runId = sent.run_id;
        if (interrupt.aborted) cancel();
        for (const [name, data] of early.splice(0)) take(name, data);
        if (sent.replayed) await resume();
      };
      const resume = async () => {
        const { events, reset } = await ask<Resumed>(socket, 'resume', {
          run_id: runId,
          after_seq: view.seq,
        });
        for (const { event, data } of events) {
          if (reset) view.replace(event, data);
          else view.take(event, data);
        }
        show();
      };
      const retryLater = async (error: Error) => {
        if (error instanceof Refused) return reject(error);
        await sleep(500);
        again = socket.connected;
      };
      const take = (name: string, data: RunEvent) => {
        if (runId === undefined) early.push([name, data]);
        else if (data.run_id !== runId) return;
        else if (view.take(name, data)) show();
        else void sync();
      };
      const show = () => {
        onText(view.text);
        if (view.ended) resolve(view.ended);
      };
      const cancel = () => socket.emit('cancel', { run_id: runId }, () => {});

      for (const name of EVENTS) socket.on(name, (data: RunEvent) => take(name, data));
      socket.on('connect', () => {
        clearTimeout(giveUp);
        void sync();
      });
      socket.on('disconnect', (reason) => {
        if (over) return;
        waitForServer();
        if (reason === 'io server disconnect') setTimeout(() => over || socket.connect(), 300);
      });
      socket.on('connect_error', async (error: Error & { data?: { code?: string } }) => {
        if (!error.data?.code) return; // unreachable just now: socket.io reconnects by itself
        try {
          token = await signIn();
          await sleep(1000);
          if (!over) socket.connect();
        } catch (refused) {
          reject(refused as Error);
        }
      });
      interrupt.addEventListener('abort', () => runId !== undefined && cancel());
      waitForServer();
    });
    await acknowledge(socket, end);
    return end;
  } finally {
    clearTimeout(giveUp);
    over = true;
    socket.close();
  }
}

/** Reports the answer as delivered. A failure does not matter: the answer was shown. */
async function acknowledge(socket: Socket, { data }: End): Promise<void> {
  if (!socket.connected) return;
  await ask(socket, 'delivered', { message_id: data.message_id }, 2_000).catch(() => {});
}

/** The server refuses the message; trying again does not help. */
class Refused extends Error {}

async function ask<T extends { ok: true }>(
  socket: Socket,
  name: string,
  payload: object,
  withinMs = ACK_MS,
): Promise<T> {
  const answer = (await socket.timeout(withinMs).emitWithAck(name, payload)) as T | Refusal;
  if (answer.ok) return answer;
  const { code, detail, title } = answer.error;
  if (code === 'service_unavailable') throw new Error(code);
  throw new Refused(`${code}${detail || title ? `: ${detail ?? title}` : ''}`);
}
