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
 * Sends a message and follows its run to the end, through lost connections, restarts of the server and new attempts.
 * @param signIn gives an access token, a fresh one each time
 * @param onText called with the whole text so far whenever it changed
 * @param interrupt aborting it cancels the run
 * @returns how it ended; rejects when the message is refused or nobody answers for a minute
 */
export async function follow(
  url: string,
  question: Question,
  signIn: () => Promise<string>,
  onText: (text: string) => void,
  interrupt: AbortSignal,
): Promise<End> {
  let token = await signIn();
  // A path in the address given to `io` would be a namespace.
  const { origin, pathname } = new URL(url);
  const socket = io(origin, {
    path: `${pathname.replace(/\/$/, '')}/socket.io`,
    transports: ['websocket'],
    auth: (send) => send({ token }),
    reconnectionDelayMax: 2000,
  });
  const view = new RunView();
  const early: [string, RunEvent][] = []; // what came before the run's id was known
  let runId: number | undefined;
  let syncing = false;
  let again = false;
  let over = false;
  let giveUp: NodeJS.Timeout | undefined;

  try {
    const end = await new Promise<End>((resolve, reject) => {
      const waitForServer = () => {
        clearTimeout(giveUp);
        giveUp = setTimeout(() => reject(new Error(`no connection to ${url} for a minute`)), PATIENCE_MS);
      };
      /** One at a time: sends the message until it is acknowledged, then fetches what was missed. */
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
        if (!error.data?.code) return; // not reachable just now: it reconnects by itself
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

/** Tells that the answer has arrived. Whatever comes of that, it has been shown. */
async function acknowledge(socket: Socket, { data }: End): Promise<void> {
  if (!socket.connected) return;
  await ask(socket, 'delivered', { message_id: data.message_id }, 2_000).catch(() => {});
}

/** The server's own word that it will not do it; trying again is of no use. */
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
