import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchUser, SEND } from '../bench/load.ts';

/** Outcome of posted messages; none is retried. */
export type Posted = { accepted: number; failures: string[]; slowestMs: number };

/** Posts messages at a fixed rate through keep-alive connections. `end` stops; it resolves when all posts are answered. */
export function postMessages(port: number, users: BenchUser[], rate: number): { end: () => Promise<Posted> } {
  const agent = new Agent({ keepAlive: true });
  const posted: Posted = { accepted: 0, failures: [], slowestMs: 0 };
  let going = true;
  const all: Promise<void>[] = [];
  const drive = async () => {
    const began = performance.now();
    for (let i = 0; going; i += 1) {
      await sleep(Math.max(0, began + (i * 1_000) / rate - performance.now()));
      const due = performance.now();
      const user = users[i % users.length] as BenchUser;
      const sent = post(agent, port, user.token, `rolling ${i} tokens:12`).then((said) => {
        posted.slowestMs = Math.max(posted.slowestMs, performance.now() - due);
        if (said === '202') posted.accepted += 1;
        else posted.failures.push(said);
      });
      all.push(sent);
    }
  };
  const driving = drive();
  return {
    async end() {
      going = false;
      await driving;
      await Promise.all(all);
      agent.destroy();
      return posted;
    },
  };
}

/** Posts a message. Returns the status, or the error's code. */
function post(agent: Agent, port: number, token: string, content: string): Promise<string> {
  const body = JSON.stringify({ content });
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': randomUUID(),
  };
  return new Promise((resolve) => {
    const call = request(
      { agent, host: '127.0.0.1', port, path: SEND, method: 'POST', headers },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(String(answer.statusCode)));
        answer.once('error', (err) => resolve(err.message));
      },
    );
    call.once('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    call.end(body);
  });
}
