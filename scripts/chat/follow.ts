import { setTimeout as sleep } from 'node:timers/promises';
import { Device, type Refusal } from '../../lab/kit/device.ts';
import { type Resumed, Runs } from '../../web/sdk/runs.ts';
import type { End } from '../../web/sdk/view.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';

export type Question = { content: string; idempotency_key: string; conversation_id?: number };

type Sent = { replayed?: boolean; run_id: number | null };
const RETRY_MS = 500;
const PATIENCE_MS = 60_000;

/**
 * Sends a message and follows its run to the end, across lost connections, server restarts and new attempts.
 * @param signIn returns a fresh access token
 * @param onText gets the whole text so far, at each change
 * @param interrupt cancels the run when aborted
 * @returns the terminal event and the whole text; null: the message stands before a person, and no run answers it
 * @throws when the server refuses the message, or nothing answers for a minute
 */
export async function follow(
  url: string,
  question: Question,
  signIn: () => Promise<string>,
  { onText, interrupt }: { onText: (text: string) => void; interrupt: AbortSignal },
): Promise<End | null> {
  let token = await signIn();
  let runId: number | undefined;
  let sending = false;
  const over = Promise.withResolvers<End | null>();
  const noConnection = () => over.reject(new Error(`no connection to ${url} for a minute`));
  let giveUp = setTimeout(noConnection, PATIENCE_MS);

  const device = new Device({
    url: () => url,
    token: () => token,
    persistent: true,
    heard: (event) => take(event),
    connected: () => {
      clearTimeout(giveUp);
      void (runId === undefined ? send() : resume(runId));
    },
    lost: () => {
      clearTimeout(giveUp);
      giveUp = setTimeout(noConnection, PATIENCE_MS);
    },
    refused: async () => {
      token = await signIn().catch((err: unknown) => {
        over.reject(err);
        throw err;
      });
      await sleep(2 * RETRY_MS);
    },
  });
  const ask = <Answer>(name: string, payload: object) => askFor<Answer>(device, name, payload, over.reject);
  const runs = new Runs(
    (run_id, after_seq) => ask<Resumed>('resume', { run_id, after_seq }),
    (view) => {
      onText(view.text);
      if (view.ended) over.resolve(view.ended);
    },
  );
  const resume = (id: number) => runs.resume(id, () => device.connected);
  const take = (event: RunEvent) => {
    if (event.data.run_id === runId) runs.take(event);
  };
  /** Sends the message until the server has it, then shows what came before its run was known. */
  const send = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    try {
      const sent = await ask<Sent>('message', { type: 'message', ...question });
      if (sent.run_id === null) return over.resolve(null);
      runId = sent.run_id;
      if (interrupt.aborted) cancel();
      for (const event of device.events) take(event);
      if (sent.replayed) await resume(runId);
    } catch {
      await sleep(RETRY_MS);
    }
    sending = false;
    if (runId === undefined && device.connected) await send();
  };
  const cancel = () => device.socket.emit('cancel', { run_id: runId }, () => {});
  interrupt.addEventListener('abort', () => runId !== undefined && cancel());

  try {
    const end = await over.promise;
    if (end !== null) await acknowledge(device, end);
    return end;
  } finally {
    clearTimeout(giveUp);
    device.close();
  }
}

/** Tells that the answer has arrived. Whatever comes of that, it has been shown. */
async function acknowledge(device: Device, { event }: End): Promise<void> {
  if (!device.connected) return;
  await device.ask('delivered', { message_id: event.data.message_id }, 2_000).catch(() => {});
}

/**
 * Asks the server for something. Throws where a later try may succeed.
 * @param refuse called where no later try will
 */
async function askFor<Answer>(
  device: Device,
  name: string,
  payload: object,
  refuse: (reason: Error) => void,
): Promise<Answer> {
  const answer = (await device.ask(name, payload)) as Answer & { ok: boolean; error?: Refusal };
  if (answer.ok) return answer;
  const { code, detail, title } = answer.error ?? { code: 'no reason given' };
  const reason = new Error(`${code}${detail || title ? `: ${detail ?? title}` : ''}`);
  if (code !== 'service_unavailable') refuse(reason);
  throw reason;
}
