import { listen } from '../../api/listen.ts';
import { firstSubscription } from '../../shared/delivery/pushes.ts';
import { claimRun, finishRun, type Outcome } from '../../db/models/run.ts';
import { type RunEvent, firstSeq } from '../../shared/delivery/runEvents.ts';
import { announce } from '../../shared/delivery/runs.ts';
import { appendLog, openLog } from '../../shared/delivery/runlog.ts';
import { type Api, call, forSuite } from './api.ts';
import type { BuiltUser } from './factories.ts';

/** Serves HTTP and sockets as `web` does, in this process. Close it in `after`. */
export async function serveWeb(): Promise<Api> {
  const { port, close } = await listen(0, '127.0.0.1');
  await firstSubscription;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    call: (method, path, body, options) => call(`${url}/api/v1${path}`, method, body, options),
    close,
  };
}

/** Serves HTTP and sockets for the present suite. */
export function servedWeb(): Api {
  return forSuite(serveWeb);
}

export type Sent = {
  conversation_id: number;
  message_id: number;
  reply_id: number;
  run_id: number;
  status: string;
};

export async function send(api: Api, user: BuiltUser, body: object = {}): Promise<Sent> {
  const { status, body: sent } = await api.call(
    'POST',
    '/chat/send',
    { content: 'Hi', ...body },
    { token: user.access },
  );
  if (status !== 202) throw new Error(`${status} ${JSON.stringify(sent)}`);
  return sent as Sent;
}

/** A delivery that no other replaces. */
const NEWEST = 1_000;

/** Plays the completion worker for a new run: claims it and shows that it is in progress. */
export async function playWorker(user: BuiltUser, { run_id, conversation_id, message_id, reply_id }: Sent) {
  const claim = await claimRun(run_id, { leaseMs: 60_000, crashLimit: 3, generation: NEWEST });
  if (claim.outcome !== 'claimed') throw new Error(claim.outcome);
  const { attempt } = claim;
  let [seq, text] = [firstSeq(attempt), ''];
  const place = () => ({ run_id, conversation_id, attempt, seq });
  const status: RunEvent = {
    event: 'run.status',
    data: { ...place(), status: 'in_progress', message_id, reply_id },
  };
  const shown: RunEvent[] = [status];
  await openLog(user.id, attempt, [status]);
  return {
    shown,
    async say(delta: string): Promise<void> {
      seq += 1;
      text += delta;
      const event: RunEvent = { event: 'response.delta', data: { ...place(), message_id: reply_id, delta } };
      await appendLog(user.id, event);
      shown.push(event);
    },
    /** Ends the run in its row; does not show the terminal event. */
    async finish(outcome: Partial<Outcome> = {}): Promise<void> {
      const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
      const whole: Outcome = {
        status: 'completed',
        content: text,
        finish_reason: 'stop',
        model: 'test',
        usage,
      };
      await finishRun(run_id, attempt, seq, { ...whole, ...outcome });
    },
    announce: () => announce(run_id),
  };
}
