import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import { type Answer, call } from './api.ts';
import { connectDevice, type Device } from './device.ts';

type Send = { conversation_id?: unknown; multitask_strategy?: string };
const PATIENCE_MS = 90_000;

/** A user's client that does what the contract asks of one: posts with a key until it is told, resumes what it missed. */
export type Client = {
  user: { id: number; access: string };
  device: Device;
  /** Runs that it got a 202 for. */
  runs: number[];
  /** Posts once, to any replica. */
  post: (content: string, more?: Send & { key?: string; web?: string }) => Promise<Answer>;
  /** Posts until there is a 202, under one key. Resolves to the run and its conversation. */
  send: (content: string, more?: Send) => Promise<{ run_id: number; conversation_id: number }>;
  /** Resolves to the terminal event of a run, once everything before it is shown without a hole. */
  end: (runId: number) => Promise<RunEvent>;
  close: () => void;
};

let sent = 0;

/** Connects a client to a replica; its posts go to `postTo`, if that is another. */
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
      for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(200)) {
        const answer = await client.post(content, { ...more, key }).catch(() => undefined);
        if (answer?.status === 202) return answer.body as { run_id: number; conversation_id: number };
        if (answer && answer.status < 500) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      }
      throw new Error('nobody takes the message');
    },
    async end(runId) {
      for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(150)) {
        const whole = unbroken(device.shown(runId));
        const last = whole.at(-1);
        if (last && isTerminal(last)) return last;
        await resume(device, runId, last?.data.seq ?? 0).catch(() => {});
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
  // What was shown of the run is replaced; other runs stay.
  if (reset) device.events.splice(0, Infinity, ...device.events.filter(({ data }) => data.run_id !== run_id));
  device.events.push(...events);
}

/** The events of an attempt up to the first hole. */
function unbroken(shown: RunEvent[]): RunEvent[] {
  const [first] = shown;
  if (first === undefined) return [];
  const start = first.data.attempt === 1 ? 1 : first.data.attempt * 1_000_000;
  const hole = shown.findIndex(({ data }, i) => data.seq !== start + i && !(i === 0 && isTerminal(first)));
  return hole < 0 ? shown : shown.slice(0, hole);
}
