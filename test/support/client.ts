import { setTimeout as sleep } from 'node:timers/promises';
import { RunView } from '../../web/sdk/view.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { type Answer, call } from './api.ts';
import { connectDevice, type Device } from './device.ts';

type Send = { conversation_id?: unknown; multitask_strategy?: string };
const PATIENCE_MS = 90_000;

/**
 * A user's client that follows the contract: it repeats a post under its key until it is answered, and resumes
 * missed events.
 */
export type Client = {
  user: { id: number; access: string };
  device: Device;
  runs: number[];
  post: (content: string, more?: Send & { key?: string; web?: string }) => Promise<Answer>;
  /** Posts under one key until a 202. Resolves to the run and its conversation. */
  send: (content: string, more?: Send) => Promise<{ run_id: number; conversation_id: number }>;
  /** Resolves to a run's terminal event when everything before it was shown without a gap. */
  end: (runId: number) => Promise<RunEvent>;
  close: () => void;
};

let sent = 0;

/** Connects a client to a replica; it posts to `postTo`. */
export async function connectClient(
  user: { id: number; access: string },
  web: string,
  postTo = web,
): Promise<Client> {
  const device = await connectDevice(web, user.access);
  const client: Client = {
    user,
    device,
    runs: [],
    async post(content, { key = `key-${++sent}`, web: to = postTo, ...more } = {}) {
      const options = { token: user.access, headers: { 'idempotency-key': key } };
      const answer = await call(`${to}/api/v1/chat/send`, 'POST', { content, ...more }, options);
      const runId = Number(answer.body.run_id);
      if (answer.status === 202 && !client.runs.includes(runId)) client.runs.push(runId);
      return answer;
    },
    async send(content, more = {}) {
      const key = `key-${++sent}`;
      let cause: unknown;
      for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(200)) {
        const answer = await client
          .post(content, { ...more, key })
          .catch((err: unknown) => void (cause = err));
        if (answer?.status === 202) return answer.body as { run_id: number; conversation_id: number };
        if (answer && answer.status < 500) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      }
      throw new Error('nobody takes the message', { cause });
    },
    async end(runId) {
      for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(150)) {
        const { ended, seq } = RunView.of(device.shown(runId));
        if (ended) return ended.event;
        await resume(device, runId, seq).catch(() => {});
      }
      throw new Error(`run ${runId} did not end: ${JSON.stringify(device.shown(runId).slice(-3))}`);
    },
    close: () => device.close(),
  };
  return client;
}

async function resume(device: Device, run_id: number, after_seq: number): Promise<void> {
  const { events = [], reset } = (await device.ask('resume', { run_id, after_seq })) as {
    events?: RunEvent[];
    reset?: boolean;
  };
  // Replaces what was shown of the run; other runs stay.
  if (reset) device.events.splice(0, Infinity, ...device.events.filter(({ data }) => data.run_id !== run_id));
  device.events.push(...events);
}
